"""The plot of a long score track."""

import numpy as np

from kwsd.spotting.plot import POINTS, decimate


def test_a_long_track_is_drawn_with_its_minima():
    distance = np.ones((10 * POINTS + 3, 2), np.float32)
    distance[12_345, 1] = 0.1
    time, lowest = decimate(np.arange(len(distance)) * 0.04, distance)

    assert len(time) == len(lowest) <= POINTS
    assert (lowest < 1).sum() == 1
    assert lowest.min() == np.float32(0.1)
    assert abs(time[lowest[:, 1].argmin()] - 12_345 * 0.04) <= 11 * 0.04
