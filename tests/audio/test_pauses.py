"""The pauses of a pipe's writer: which seconds are lost."""

import numpy as np
import pytest

from kwsd.audio.pauses import Pauses
from kwsd.audio.timeline import Chunk

RATE = 16_000


def written(*steps):
    """The seconds lost before each chunk, of a writer that waits and then writes so many seconds, step by step."""
    pauses, chunks = Pauses(), []
    for waited, seconds in steps:
        chunks += pauses.push(Chunk(np.zeros(round(seconds * RATE), np.float32), RATE), waited)
    return [chunk.lost for chunk in chunks + pauses.flush()]


STEADY = [(0.1, 0.1)] * 50


def test_a_live_writer_that_never_pauses_loses_nothing():
    assert sum(written(*STEADY)) == 0


def test_the_seconds_in_which_a_live_writer_pauses_are_lost():
    lost = written(*STEADY, (5.1, 0.1), *STEADY)

    assert lost[50] == pytest.approx(5.0)
    assert sum(lost) == pytest.approx(5.0)


def test_a_live_writer_that_was_only_late_loses_nothing():
    assert sum(written(*STEADY, (5.1, 0.5), *[(0.0, 0.5)] * 9, *STEADY)) == 0


def test_what_a_late_writer_does_not_make_up_for_is_lost():
    assert sum(written(*STEADY, (5.1, 0.5), *[(0.0, 0.5)] * 3, *STEADY)) == pytest.approx(3.1)


def test_two_pauses_are_told_apart():
    lost = written(*STEADY, (2.1, 0.1), (3.1, 0.1), *STEADY)

    assert lost[50:52] == pytest.approx([2.0, 3.0])


def test_the_pause_of_a_writer_that_was_faster_than_time_loses_nothing():
    assert sum(written(*[(0.01, 0.5)] * 10, (30.0, 0.5), *[(0.01, 0.5)] * 10)) == 0


def test_a_writer_whose_clock_is_a_little_fast_is_still_live():
    fast = [(0.1, 0.10002)] * 100_000  # 2 s too much within 2.8 hours

    assert sum(written(*fast, (5.1, 0.1), *STEADY)) == pytest.approx(5.0, abs=0.01)


def test_what_is_held_back_at_the_end_is_given():
    assert len(written(*STEADY, (5.1, 0.1))) == 51
