"""`kwsd listen --save-hits` and `kwsd feedback` with what it kept."""

import numpy as np
import pytest
import soundfile as sf
from cli_helpers import complaint

from kwsd.keywords.store import Store


@pytest.fixture
def hits(kwsd, store, speech, tmp_path):
    """The hits of a conversation in which the keyword is detected once."""
    path = tmp_path / "talk.wav"
    sf.write(path, speech, 16_000)
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
