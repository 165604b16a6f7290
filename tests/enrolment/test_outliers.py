"""Leave-one-out distances and the miss rate."""

from dataclasses import replace

import numpy as np
import pytest

from kwsd.enrolment.miss_rate import miss_rate, misses
from kwsd.enrolment.outliers import leave_one_out


def test_each_recording_is_compared_with_the_keyword_that_the_others_make(enrolment, tokenizer):
    keyword = enrolment.keyword

    assert leave_one_out(keyword, tokenizer) == [match.distance for match in enrolment.matches]


def test_an_only_recording_has_no_others_and_tells_nothing_about_misses(enrolment, tokenizer):
    alone = replace(enrolment.keyword, templates=enrolment.keyword.templates[:1])

    assert leave_one_out(alone, tokenizer) == []
    assert misses([], 0.5, 0.1) is None


def test_recordings_over_the_threshold_are_missed_and_one_at_it_is_not():
    found = misses([0.2, 0.5, 0.6, np.inf], 0.5, 0.1)

    assert (found.count, found.recordings) == (2, 4)


def test_recordings_far_from_the_threshold_are_counted_as_they_are():
    assert miss_rate([0.1, 0.1, 0.9, 0.9], 0.5, 0.01) == pytest.approx(0.5)


def test_a_recording_that_is_nearly_missed_raises_the_rate():
    rates = [miss_rate([0.1, 0.1, near], 0.5, 0.1) for near in (0.46, 0.48, 0.5, 0.52)]

    assert rates == sorted(set(rates))
    assert rates[2] == pytest.approx(0.5 / 3, abs=1e-4)


@pytest.mark.parametrize("recordings", [2, 5, 10])
def test_no_miss_among_few_recordings_leaves_some_open(recordings):
    assert miss_rate([0.0] * recordings, 0.9, 0.05) == 0.5 / (recordings + 1)


def test_more_recordings_that_all_fit_promise_fewer_misses():
    assert miss_rate([0.1] * 10, 0.5, 0.1) < miss_rate([0.1] * 3, 0.5, 0.1)
