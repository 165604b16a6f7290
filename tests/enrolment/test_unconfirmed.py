"""Recordings that the second look takes for something else by the others count as missed."""

from dataclasses import replace

import numpy as np
import pytest

from kwsd.enrolment.outliers import detected, unconfirmed
from kwsd.second_look.distance import REACH

FRAMES, DIMS = 20, 16


def look(seed):
    """The vectors of a recording in one condition; of the same seed the same phrase."""
    vectors = np.random.default_rng(seed).standard_normal((FRAMES, DIMS)).astype(np.float32)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True),)


@pytest.fixture
def looked(enrolment):
    """The keyword of five recordings, of which the second look hears the third as something else."""
    templates = [replace(one, look=look(i == 2)) for i, one in enumerate(enrolment.keyword.templates)]
    return replace(enrolment.keyword, templates=tuple(templates), second_model="0" * 16, reach=REACH["strict"])


def test_the_recording_that_is_heard_as_something_else_is_not_confirmed(looked, enrolment):
    assert unconfirmed(looked) == [False, False, True, False, False]
    assert unconfirmed(replace(looked, reach=100.0)) == [False] * 5
    assert unconfirmed(enrolment.keyword) == [False] * 5


def test_it_is_not_detected_however_near_it_is(looked, enrolment):
    distances = [0.1, 0.2, 0.05, 0.3, 0.4]

    assert detected(distances, unconfirmed(looked)) == [0.1, 0.2, np.inf, 0.3, 0.4]
    assert detected(distances, unconfirmed(enrolment.keyword)) == distances
    assert detected([], unconfirmed(replace(looked, templates=looked.templates[:1]))) == []
