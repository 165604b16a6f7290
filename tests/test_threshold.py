import numpy as np
import pytest

from kwsd.threshold import TAIL, Background, midpoint, typical


@pytest.fixture
def others():
    return Background(np.sort(np.random.default_rng(0).normal(0.6, 0.06, 900)), 0.5)


def test_the_midpoint_lies_halfway_between_mean_hit_and_mean_non_hit(others):
    assert midpoint([0.1, 0.2], others, "dtw") == pytest.approx((0.15 + others.dips.mean()) / 2)


def test_edit_distances_are_summed_up_by_their_mode():
    assert typical([0.5, 0.25, 0.25, 0.9], "edit") == pytest.approx(0.25)


def test_a_rate_and_its_threshold_are_inverse(others):
    for rate in (0.1, 0.5, 2.0, 30.0, 100.0):
        assert others.alarms_per_hour(others.threshold(rate)) == pytest.approx(rate, rel=0.05)


def test_fewer_alarms_need_a_lower_threshold(others):
    thresholds = [others.threshold(rate) for rate in (0.1, 1, 10, 100)]

    assert thresholds == sorted(thresholds)
    assert thresholds[0] < others.dips[0]


def test_rates_that_the_bank_can_show_are_counted(others):
    threshold = others.dips[2 * TAIL]

    assert others.alarms_per_hour(threshold) == (2 * TAIL + 1) / 0.5


def test_the_extrapolated_rate_is_right_for_an_exponential_tail():
    rng = np.random.default_rng(5)
    rates = []
    for _ in range(200):
        bank = Background(np.sort(1 - rng.exponential(0.1, 900)), 0.5)
        threshold = bank.threshold(0.5)
        rates.append(1800 * np.exp((threshold - 1) / 0.1))  # what an endless background would show an hour

    assert np.median(rates) == pytest.approx(0.5, rel=0.35)
