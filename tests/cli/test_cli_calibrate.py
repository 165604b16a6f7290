"""`kwsd keywords calibrate`."""

from contextlib import closing

import numpy as np
import pytest
from cli_helpers import complaint, contents, sentences

from kwsd.archive.indexing.token_log import TokenLog
from kwsd.keywords.store import Store
from kwsd.tokenizer.frames import Frames


@pytest.fixture
def log(tmp_path, tokenizer, bank, enrolment):
    """A log of 0.7 h in which the keyword was said five times."""
    bank = bank.beginning(0.35)
    vectors = bank.vectors
    for number, template in enumerate(enrolment.keyword.templates):
        vectors[(number + 1) * 5000 :][: len(template.heard)] = template.heard.vectors
    where = tmp_path / "heard.index"
    with closing(TokenLog(str(where), tokenizer, "kitchen")) as log:
        log.push(Frames(np.arange(len(vectors)) * bank.hop, vectors, bank.tokens), None)
    return where


def test_the_thresholds_before_and_after_are_said_and_the_new_one_is_stored(kwsd, store, log, enrolment):
    result = kwsd("keywords", "calibrate", "hey snips", "--background", log, "--store", store)
    stored = Store(store).load("hey snips")

    assert result.exit_code == 0, result.output
    assert f"threshold {stored.threshold:.3f}, it was {enrolment.keyword.threshold:.3f}" in result.stdout
    assert "false alarms an hour" in result.stdout
    assert "% misses" in result.stdout
    assert "heard at its place" in stored.rule


def test_passages_that_sound_like_the_keyword_are_listed(kwsd, store, log):
    result = kwsd("keywords", "calibrate", "hey snips", "--background", log, "--store", store)

    assert "the keyword seems to be said here" in result.stdout
    assert sum(line.endswith("kitchen") for line in result.stdout.splitlines()) == 5


def test_they_are_false_alarms_where_the_keyword_is_never_said(kwsd, store, log, enrolment):
    result = kwsd("keywords", "calibrate", "hey snips", "--background", log, "--never-said", "--store", store)

    assert "seems to be said" not in result.stdout
    assert Store(store).load("hey snips").threshold < enrolment.keyword.threshold - 0.05


def test_a_recording_that_cannot_be_read_is_said_and_the_rest_is_used(kwsd, store, log, tmp_path, enrolment):
    (tmp_path / "text.wav").write_text("no audio")
    arguments = ("--background", tmp_path / "text.wav", "--background", log, "--store", store)
    (sentence,) = sentences(kwsd("keywords", "calibrate", "hey snips", *arguments))

    assert "text.wav" in sentence
    assert "heard at its place" in Store(store).load("hey snips").rule


def test_too_little_background_is_refused_and_the_keyword_stays(kwsd, store, long_recording):
    before = contents(store)
    sentence = complaint(kwsd("keywords", "calibrate", "hey snips", "--background", long_recording, "--store", store))

    assert sentence.startswith("the background lasts 4 minutes: give at least 15")
    assert contents(store) == before


@pytest.mark.parametrize("place", ["nowhere", "empty"])
def test_a_background_that_is_not_there_is_refused(kwsd, store, tmp_path, place):
    (tmp_path / "empty").mkdir()
    before = contents(store)
    result = kwsd("keywords", "calibrate", "hey snips", "--background", tmp_path / place, "--store", store)

    assert result.exit_code == 2
    assert place in result.stderr
    assert contents(store) == before


def test_without_a_background_there_is_nothing_to_learn_from(kwsd, store):
    result = kwsd("keywords", "calibrate", "hey snips", "--store", store)

    assert result.exit_code == 2
    assert "--background" in result.stderr
