from dataclasses import replace

import numpy as np
import pytest

from kwsd.enrolment.enroll import Enrolment
from kwsd.spotting.score_track import ScoreTrack

promise = pytest.importorskip("benchmarks.promise", reason="the benchmarks are not beside the tests")

HOP = 0.04


def track(seconds: float, *dips: float) -> ScoreTrack:
    """Far from the keyword but for dips at some seconds."""
    time = np.arange(0, seconds, HOP)
    distance = np.where(np.isin(np.arange(len(time)), np.round(np.array(dips) / HOP)), 0.0, 1.0)
    return ScoreTrack(time, np.stack([np.ones_like(time), distance], axis=1), *(np.stack([time, time], axis=1),) * 2)


@pytest.mark.parametrize(("dips", "alarms"), [((), 0), ((3.0, 8.0), 2), ((3.0, 4.0, 8.0), 2), ((9.96,), 1)])
def test_alarms_are_detections_at_least_the_refractory_time_apart(enrolment: Enrolment, dips, alarms):
    keyword = replace(enrolment.keyword, threshold=0.5)

    assert promise.alarms(keyword, track(10, *dips), 1, HOP) == alarms


def test_alarms_are_compared_with_those_that_the_promise_allows():
    rows = [promise.Row("prose", 2.0, word, hours, alarms) for word, hours, alarms in (("a", 2.0, 6), ("b", 3.0, 4))]

    hours, expected, alarms, ratio, keeping = promise.kept(rows)

    assert (hours, expected, alarms, ratio.mean) == ("5.0", "10.0 (4 to 17)", 10, 1.0)
    assert keeping == "1 of 2"
