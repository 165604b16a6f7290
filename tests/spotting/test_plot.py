"""The plot of a score track."""

import numpy as np

from kwsd.spotting.plot import POINTS, decimate, near


def test_a_long_track_is_drawn_with_its_minima():
    distance = np.ones((10 * POINTS + 3, 2), np.float32)
    distance[12_345, 1] = 0.1
    time, lowest = decimate(np.arange(len(distance)) * 0.04, distance)

    assert len(time) == len(lowest) <= POINTS
    assert (lowest < 1).sum() == 1
    assert lowest.min() == np.float32(0.1)
    assert abs(time[lowest[:, 1].argmin()] - 12_345 * 0.04) <= 11 * 0.04


def test_near_misses_are_marked_where_the_distance_was_lowest_above_the_threshold():
    distance = np.full(200, 0.9, np.float32)
    distance[[20, 21, 22]] = 0.58, 0.55, 0.59
    distance[100] = 0.4  # a detection
    distance[180] = 0.57
    found = near(np.arange(200) * 0.04, distance, threshold=0.5)

    assert [(round(one.start, 2), round(one.distance, 2)) for one in found] == [(0.84, 0.55), (7.2, 0.57)]


def test_a_track_that_stays_far_has_no_near_misses():
    assert near(np.arange(5) * 0.04, np.array([0.9, np.inf, 0.9, 0.8, 0.9], np.float32), threshold=0.5) == []
