"""`kwsd enroll --unlike`, with voices of which each says a text in its own way, as an example recording has it."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile as sf
from cli_helpers import complaint

from kwsd.keywords.store import Store
from kwsd.say import engines
from kwsd.say.voice import Voice, speaks


@pytest.fixture(autouse=True)
def voices(recordings, monkeypatch):
    """Five English voices that say "hey snips" as it was recorded, and every other text backwards."""
    heard = {path.stem: sf.read(path, dtype="float32")[0] for path in recordings}

    def voice(name):
        return Voice("example", name, lambda text, _: heard[name] if text == "hey snips" else heard[name][::-1].copy())

    known = [voice(name) for name in heard]
    engine = SimpleNamespace(voices=lambda language: known if speaks("en-us", language) else [])
    monkeypatch.setattr(engines, "ENGINES", (engine,))
    monkeypatch.setattr(engines, "LAST", SimpleNamespace(voices=lambda language: []))


@pytest.fixture
def backwards(recordings, tmp_path):
    """A recording of what the phrase is backwards."""
    samples, rate = sf.read(recordings[2], dtype="float32")
    path = tmp_path / "backwards.wav"
    sf.write(path, np.concatenate([samples[::-1], np.zeros(rate, np.float32)]), rate)
    return path


def detections(kwsd, recording, store):
    """The distances of the detections in a recording, by the second at which they start."""
    lines = kwsd("scan", recording, "--store", store, "--jsonl").stdout.splitlines()
    return {event["start"]: event["distance"] for event in map(json.loads, lines)}


def test_a_text_that_must_not_be_taken_for_the_phrase_is_kept_in_the_keyword(kwsd, recordings, tmp_path):
    result = kwsd("enroll", "hey snips", *recordings[:3], "--unlike", "spins yeh", "--store", tmp_path)

    assert result.exit_code == 0
    assert 'not to be taken for it, by 5 synthetic voices: "spins yeh"' in result.stdout
    assert [one.text for one in Store(tmp_path).load("hey snips").contrasts] == ["hey snips", "spins yeh"]


def test_what_is_said_like_the_text_is_not_detected_any_more(kwsd, recordings, backwards, tmp_path):
    for name, options in (("bold", ()), ("wary", ("--unlike", "spins yeh"))):
        store = tmp_path / name
        kwsd("enroll", "hey snips", *recordings[:3], *options, "--threshold", "0.9", "--store", store)
    bold, wary = (detections(kwsd, backwards, tmp_path / name) for name in ("bold", "wary"))

    said = max(bold)  # the silence before it is nearer to the phrase

    assert said == pytest.approx(1.7, abs=0.3)
    assert said not in wary
    assert detections(kwsd, recordings[3], tmp_path / "wary")


def test_more_texts_can_be_added_later_and_the_threshold_stays(kwsd, recordings, tmp_path):
    kwsd("enroll", "hey snips", *recordings[:3], "--unlike", "spins yeh", "--store", tmp_path)
    before = Store(tmp_path).load("hey snips")
    result = kwsd("enroll", "hey snips", "--unlike", "hey chips", "--store", tmp_path, "--json")
    after = Store(tmp_path).load("hey snips")

    assert json.loads(result.stdout)["unlike"] == ["spins yeh", "hey chips"]
    assert len(after.templates) == 3
    assert after.threshold == pytest.approx(before.threshold)


def test_recordings_that_are_added_later_leave_the_texts_as_they_are(kwsd, recordings, tmp_path):
    kwsd("enroll", "hey snips", *recordings[:3], "--unlike", "spins yeh", "--store", tmp_path)
    kwsd("enroll", "hey snips", recordings[3], "--store", tmp_path)

    assert [one.text for one in Store(tmp_path).load("hey snips").contrasts] == ["hey snips", "spins yeh"]


def test_a_language_that_no_voice_speaks_is_one_sentence_and_changes_nothing(kwsd, store):
    before = (store / "hey snips.kwsd").read_bytes()
    result = kwsd("enroll", "hey snips", "--unlike", "hei", "--language", "de", "--store", store)

    assert complaint(result).startswith('no voice on this machine speaks "de": ')
    assert (store / "hey snips.kwsd").read_bytes() == before


def test_texts_alone_make_no_keyword(kwsd, tmp_path):
    result = kwsd("enroll", "hey snips", "--unlike", "hey chips", "--store", tmp_path)

    assert complaint(result).startswith('no recording of "hey snips" was given')
