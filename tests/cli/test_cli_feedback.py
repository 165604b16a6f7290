"""`kwsd listen --save-hits` and `kwsd feedback` with what it kept."""

import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
from cli_helpers import complaint, contents

from kwsd.archive.indexing.token_log import TokenLog
from kwsd.keywords.store import Store
from kwsd.tokenizer.frames import Frames


@pytest.fixture
def hits(kwsd, store, speech, tmp_path):
    """The hits of a conversation in which the keyword is detected once."""
    path = tmp_path / "talk.wav"
    sf.write(path, speech[: 10 * 16_000], 16_000)
    result = kwsd("listen", "--file", path, "--no-zmq", "--store", store, "--save-hits", tmp_path / "hits")
    assert result.exit_code == 0
    return sorted((tmp_path / "hits").glob("hit-*.flac"))


def test_each_detection_is_kept(hits, kwsd, store):
    assert len(hits) == 1
    assert "hey snips" in kwsd("scan", hits[0], "--store", store).stdout


def test_a_hit_that_was_right_becomes_a_template(hits, kwsd, store, enrolment):
    result = kwsd("feedback", hits[0], "--true", "--store", store)

    assert result.exit_code == 0
    assert len(Store(store).load("hey snips").templates) == len(enrolment.keyword.templates) + 1
    assert "has 6 recordings now" in result.stdout


def test_a_hit_that_was_wrong_becomes_a_negative_and_is_not_found_again(hits, kwsd, store):
    result = kwsd("feedback", hits[0], "--false", "--store", store)

    assert result.exit_code == 0
    assert [one.recording for one in Store(store).load("hey snips").negatives] == [hits[0].name]
    assert "hey snips" not in kwsd("scan", hits[0], "--store", store).stdout


def test_the_answer_has_to_be_given(hits, kwsd, store):
    result = kwsd("feedback", hits[0], "--store", store)

    assert result.exit_code == 2
    assert "--true or --false" in result.stderr


def test_what_is_no_hit_is_refused(kwsd, store, tmp_path):
    sf.write(tmp_path / "song.flac", np.zeros(16_000), 16_000)

    assert "is not a hit" in complaint(kwsd("feedback", tmp_path / "song.flac", "--true", "--store", store))
    assert "does not exist" in complaint(kwsd("feedback", tmp_path / "gone.flac", "--true", "--store", store))


HALF_AN_HOUR = 1800.0  # s since the conversation of the log began


@pytest.fixture
def strict_store(store):
    """The store, with a threshold at which the keyword is not detected in the conversation."""
    folder = Store(store)
    folder.save(replace(folder.load("hey snips"), threshold=0.05))
    return store


@pytest.fixture
def began():
    """When the conversation of the log began, as Unix time: half an hour ago."""
    return time.time() - HALF_AN_HOUR


@pytest.fixture
def log(speech, tokenizer, tmp_path, began):
    """The log of the conversation; "hey snips" begins after one second."""
    with closing(TokenLog(str(tmp_path / "heard.index"), tokenizer, "kitchen")) as written:
        tokenizer.reset()
        written.push(Frames.join([tokenizer.push(speech), tokenizer.flush()]), began)
    return tmp_path / "heard.index"


def test_a_phrase_that_was_missed_is_learned_from_the_log(log, began, kwsd, strict_store, speech, tmp_path):
    sf.write(tmp_path / "talk.wav", speech, 16_000)
    before = kwsd("scan", tmp_path / "talk.wav", "--store", strict_store).stdout
    ago = time.time() - (began + 3)
    result = kwsd("feedback", "hey snips", "--missed", ago, "--log", log, "--store", strict_store)
    learned = Store(strict_store).load("hey snips").templates[-1]

    assert "hey snips" not in before
    assert "has 6 recordings now" in result.stdout
    assert learned.recording.startswith("missed at ")
    assert learned.seconds == pytest.approx(0.6, abs=0.3)
    assert "hey snips" in kwsd("scan", tmp_path / "talk.wav", "--store", strict_store).stdout


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (8, 'nothing like "hey snips" was heard within 5 s'),
        (HALF_AN_HOUR - 10, "it ends at"),
        (-HALF_AN_HOUR, "kwsd was not listening then"),
    ],
)
def test_a_time_without_the_phrase_changes_nothing(log, began, kwsd, strict_store, at, said):
    before, ago = contents(strict_store), time.time() - (began + at)
    result = kwsd("feedback", "hey snips", "--missed", ago, "--log", log, "--store", strict_store)

    assert said in complaint(result)
    assert contents(strict_store) == before


def test_a_phrase_that_is_detected_was_not_missed(log, began, kwsd, store):
    ago = time.time() - (began + 3)
    result = kwsd("feedback", "hey snips", "--missed", ago, "--log", log, "--store", store)

    assert '"hey snips" is detected there' in complaint(result)


def test_without_a_log_nothing_is_known_of_what_was_missed(kwsd, store, tmp_path):
    absent = kwsd("feedback", "hey snips", "--missed", 60, "--log", tmp_path / "gone.index", "--store", store)

    assert "run `kwsd listen --log INDEX`" in complaint(kwsd("feedback", "hey snips", "--missed", 60, "--store", store))
    assert "gone.index" in complaint(absent)
