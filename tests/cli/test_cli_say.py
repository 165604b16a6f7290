"""`kwsd enroll --say` and `kwsd search --say`, with voices that say every text as an example recording has it."""

import json
from types import SimpleNamespace

import pytest
import soundfile as sf
from cli_helpers import complaint

from kwsd.archive.indexing.index_writer import build
from kwsd.keywords.store import Store
from kwsd.say import engines
from kwsd.say.voice import Voice, speaks


@pytest.fixture(autouse=True)
def voices(recordings, monkeypatch):
    """Five English voices."""
    heard = {path.stem: sf.read(path, dtype="float32")[0] for path in recordings}
    known = [Voice("example", name, lambda text, tempo, name=name: heard[name]) for name in heard]
    engine = SimpleNamespace(voices=lambda language: known if speaks("en-us", language) else [])
    monkeypatch.setattr(engines, "ENGINES", (engine,))
    monkeypatch.setattr(engines, "LAST", SimpleNamespace(voices=lambda language: []))


def test_a_phrase_is_enrolled_by_typing_it(kwsd, tmp_path):
    result = kwsd("enroll", "hey snips", "--say", "--voices", 4, "--store", tmp_path)

    assert result.exit_code == 0
    assert len(Store(tmp_path).load("hey snips").templates) == 4
    assert "synthetic voices alone said the phrase" in result.stderr
    assert "misses: " not in result.stdout


def test_what_voices_said_is_shown_as_such(kwsd, tmp_path):
    kwsd("enroll", "hey snips", "--say", "--voices", 2, "--store", tmp_path)
    shown = kwsd("keywords", "show", "hey snips", "--store", tmp_path).stdout
    facts = json.loads(kwsd("keywords", "show", "hey snips", "--store", tmp_path, "--json").stdout)

    assert shown.count(", said by example ") == 2
    assert [one["said"] for one in facts["recordings"]] == ["example bedroom-alice", "example bedroom-sarah"]


def test_recordings_that_are_added_later_count_for_more(kwsd, recordings, tmp_path):
    kwsd("enroll", "hey snips", "--say", "--voices", 8, "--store", tmp_path)
    result = kwsd("enroll", "hey snips", recordings[0], "--store", tmp_path)
    *voices, person = Store(tmp_path).load("hey snips").templates

    assert result.exit_code == 0
    assert person.weight == 1.0
    assert all(template.weight < 0.5 for template in voices)


def test_voices_and_recordings_can_be_enrolled_at_once(kwsd, recordings, tmp_path):
    kwsd("enroll", "hey snips", *recordings[:2], "--say", "--voices", 3, "--store", tmp_path)
    templates = Store(tmp_path).load("hey snips").templates

    assert [bool(template.said) for template in templates] == [False, False, True, True, True]


def test_what_voices_said_can_be_enrolled_again_from_the_audio_that_was_kept(kwsd, tmp_path):
    kwsd("enroll", "hey snips", "--say", "--voices", 2, "--keep-audio", "--store", tmp_path)
    result = kwsd("enroll", "hey snips", "--replace", "--store", tmp_path)

    assert result.exit_code == 0
    assert all(template.said for template in Store(tmp_path).load("hey snips").templates)


def test_a_language_that_no_voice_speaks_is_one_sentence_and_changes_nothing(kwsd, store):
    before = (store / "hey snips.kwsd").read_bytes()
    result = kwsd("enroll", "hey snips", "--say", "--language", "de", "--replace", "--store", store)

    assert complaint(result).startswith('no voice on this machine speaks "de": ')
    assert (store / "hey snips.kwsd").read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--language", "../de", '"../de" is no language: give a code such as de, en or en-gb'),
        ("--voices", 0, "the number of voices is 0: give 1 to 100"),
    ],
)
def test_a_wrong_setting_is_one_sentence(kwsd, tmp_path, option, value, sentence):
    result = kwsd("enroll", "hey snips", "--say", option, value, "--store", tmp_path)

    assert complaint(result) == sentence


def test_a_typed_phrase_is_found_in_an_archive(kwsd, tmp_path, examples, long_recording, shared_tokenizer):
    build(tmp_path / "index", [long_recording], shared_tokenizer)
    result = kwsd("search", "--say", "hey snips", "--voices", 3, "--index", tmp_path / "index", "--top", 3, "--jsonl")
    found = [json.loads(line)["start"] for line in result.stdout.splitlines()]
    true = [float(line.split()[0]) for line in (examples / "long.tsv").read_text().splitlines()[1:]]

    assert result.exit_code == 0
    assert len(found) == 3
    assert all(min(abs(start - one) for one in true) < 0.3 for start in found)


def test_a_keyword_and_a_text_are_two_things_to_search_for(kwsd, store, tmp_path):
    result = kwsd("search", "hey snips", "--say", "hey snips", "--index", tmp_path, "--store", store)

    assert complaint(result) == 'there are two things to search for: give either "hey snips" or --say'
