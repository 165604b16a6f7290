"""`kwsd search --save-keyword`: a keyword of what was searched for and of hits that were right."""

import json
import re

import pytest
import soundfile as sf
from cli_helpers import complaint

from kwsd.archive.indexing.index_writer import build
from kwsd.keywords.store import Store


@pytest.fixture
def talk(tmp_path, speech, shared_tokenizer):
    """An index of 20 s of talk with two "hey snips"."""
    sf.write(tmp_path / "talk.wav", speech, 16_000)
    build(tmp_path / "talk.index", [tmp_path / "talk.wav"], shared_tokenizer)
    return tmp_path / "talk.index"


@pytest.fixture
def asked(recordings, talk, tmp_path):
    """A search for one recording of the phrase, in a store without keywords."""
    return ("search", "--wav", recordings[0], "--index", talk, "--store", tmp_path / "empty", "--top", "6")


@pytest.fixture
def saved(tmp_path):
    return Store(tmp_path / "empty")


def test_a_keyword_of_right_hits_finds_the_phrase_in_recordings(kwsd, asked, saved, talk):
    lines = kwsd(*asked).stdout.splitlines()
    result = kwsd(*asked, "--like", lines[0], "--like", lines[1], "--unlike", lines[5], "--save-keyword", "hey you")
    scanned = kwsd("scan", talk.with_suffix(".wav"), "--store", saved.folder, "--jsonl")
    keyword, starts = saved.load("hey you"), [json.loads(line)["start"] for line in scanned.stdout.splitlines()]

    assert result.exit_code == 0, result.output
    assert f"saved as {saved.folder}" in result.stderr
    assert [one.recording for one in keyword.templates[1:]] == [
        f"{talk.with_suffix('.wav')} at {start} s" for start in ("1.02", "11.26")
    ]
    assert (len(keyword.templates), len(keyword.negatives)) == (3, 1)
    assert starts == [0.98]  # once; at 11.26 s the threshold of three recordings misses it


def test_the_phrase_of_a_hit_is_where_the_hit_is(kwsd, asked, saved):
    hit = kwsd(*asked, "--jsonl").stdout.splitlines()[0]
    kwsd(*asked, "--like", hit, "--save-keyword", "hey you")
    facts, template = json.loads(hit), saved.load("hey you").templates[1]

    assert template.seconds == pytest.approx(facts["end"] - facts["start"], abs=0.01)


def test_hits_are_added_to_the_keyword_that_is_searched_for(kwsd, store, talk):
    asked = ("search", "hey snips", "--store", store, "--index", talk, "--top", "4")
    lines = kwsd(*asked).stdout.splitlines()
    before = Store(store).load("hey snips")
    kwsd(*asked, "--like", lines[0], "--save-keyword", "hey snips")
    kwsd(*asked, "--like", lines[1], "--save-keyword", "a copy")

    assert len(Store(store).load("hey snips").templates) == len(before.templates) + 1
    assert len(Store(store).load("a copy").templates) == len(before.templates) + 2


def test_another_keyword_is_not_written_over(kwsd, store, talk, recordings):
    kwsd("enroll", "other", recordings[0], "--store", store)
    asked = ("search", "hey snips", "--store", store, "--index", talk, "--top", "4")
    line = kwsd(*asked).stdout.splitlines()[0]
    result = kwsd(*asked, "--like", line, "--save-keyword", "other")

    assert '"other" is there already: save the hits under a new name' in complaint(result)
    assert len(Store(store).load("other").templates) == 1


@pytest.mark.parametrize(("name", "sentence"), [("a/b", "cannot hold '/'"), (None, "give their lines with --like")])
def test_a_keyword_needs_a_name_and_a_right_hit(kwsd, asked, saved, name, sentence):
    line = kwsd(*asked).stdout.splitlines()[0]
    options = ("--like", line, "--save-keyword", name) if name else ("--unlike", line, "--save-keyword", "hey you")

    assert sentence in complaint(kwsd(*asked, *options))
    assert not saved.names()


def test_nothing_is_saved_where_the_file_of_a_hit_is_gone(kwsd, asked, saved, talk):
    lines = kwsd(*asked).stdout.splitlines()
    talk.with_suffix(".wav").unlink()
    result = kwsd(*asked, "--like", lines[0], "--save-keyword", "hey you")

    assert "talk.wav" in complaint(result)
    assert not saved.names()


def test_it_says_what_to_expect_and_more_alarms_promised_miss_less(kwsd, asked, saved):
    lines = kwsd(*asked).stdout.splitlines()
    like = ("--like", lines[0], "--like", lines[1], "--save-keyword")
    few = kwsd(*asked, *like, "few alarms")
    many = kwsd(*asked, *like, "many alarms", "--false-alarms-per-hour", "4")

    assert re.search(r"^Expect about \d+ % misses and 0\.50 false alarms an hour\.$", few.stderr, re.MULTILINE)
    assert "and 4.00 false alarms an hour." in many.stderr
    assert saved.load("few alarms").threshold < saved.load("many alarms").threshold
    assert complaint(kwsd(*asked, *like, "none", "--false-alarms-per-hour", "0"))
