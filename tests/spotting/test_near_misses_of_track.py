"""Near misses in the score track of a keyword."""

import numpy as np
import pytest

from kwsd.spotting.near_misses import NearMisses
from kwsd.spotting.score_track import ScoreTrack

HOP = 0.04


def track(distances, first=0):
    time = (first + np.arange(len(distances))) * HOP
    column = time[:, None]
    return ScoreTrack(time, np.array(distances, float)[:, None], column - 0.6, column)


def found(distances):
    near = NearMisses(0.5)
    near.add(track(distances))
    return [one.distance for one in near.flush()]


def test_a_distance_that_comes_near_and_rises_again_is_one_near_miss():
    assert found([0.9, 0.58, 0.55, 0.57, 0.9]) == [0.55]


def test_a_distance_that_stays_far_is_none():
    assert found([0.9, 0.61, 0.9]) == []


def test_a_detection_is_none_nor_is_what_follows_it_within_a_second():
    assert found([0.9, 0.55, 0.4, 0.55, 0.9, 0.55, 0.9]) == []
    assert found([0.4, *[0.9] * 30, 0.55, 0.9]) == [0.55]


def test_it_has_the_times_of_the_nearest_frame():
    near = NearMisses(0.5)
    near.add(track([0.9, 0.58, 0.55, 0.9], first=100))
    (one,) = near.take()

    assert (one.start, one.end) == pytest.approx((102 * HOP - 0.6, 102 * HOP))


@pytest.mark.parametrize("size", [1, 2, 7])
def test_the_split_of_the_score_track_changes_nothing(size):
    distances = [0.9, 0.58, 0.55, 0.57, 0.9, 0.4, *[0.9] * 30, 0.52, 0.51, 0.9, 0.6]
    near, parts = NearMisses(0.5), []
    for first in range(0, len(distances), size):
        near.add(track(distances[first : first + size], first))
        parts += near.take()

    assert [one.distance for one in (*parts, *near.flush())] == found(distances) == [0.55, 0.51, 0.6]


def test_the_distance_now_is_that_of_the_last_part_with_frames():
    near = NearMisses(0.5)
    near.add(track([0.9, 0.7]))
    near.add(track([]))

    assert near.distance == 0.7
