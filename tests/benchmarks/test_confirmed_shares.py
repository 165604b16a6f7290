"""What is detected and confirmed at a threshold, with each kind of second look."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the benchmark spoils recordings: make trainer")
pytest.importorskip("export.rooms", reason="the trainer is not beside the tests")

from benchmarks.confirmed_shares import SHARES, Outcome, Tried
from kwsd.second_look.distance import REACH


def test_a_detection_is_near_enough_for_both_looks():
    between = sum(REACH.values()) / 2
    hits = Tried(np.array([0.1, 0.1, 0.1, 0.4]), np.array([1.0, between, 2.0, np.inf]))
    alarms = Tried(np.array([0.2, 0.3]), np.array([1.0, 2.0]))
    one = Outcome("words", [0.25] * (len(SHARES) - 1) + [0.5], {"as recorded": hits, "far": alarms}, alarms, 2.0)

    assert [one.missed(way, 0)[0] for way in ("none", "usual", "strict")] == [25.0, 50.0, 75.0]
    assert one.missed("none", -1) == [0.0, 0.0]
    assert one.alarms_per_hour("none", 0) == 0.5
    assert one.alarms_per_hour("none", -1) == 1.0
    assert one.alarms_per_hour("usual", -1) == 0.5
