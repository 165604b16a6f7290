import numpy as np
import pytest

from kwsd.second_look.distance import USUAL, leave_one_out, limit, nearest


def distance(vectors, looks):
    return nearest(vectors, looks)[0]


def phrase(seed, frames=20, dims=16):
    vectors = np.random.default_rng(seed).standard_normal((frames, dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_phrase_is_at_no_distance_from_itself_and_far_from_another():
    assert distance(phrase(1), [(phrase(1),)]) == pytest.approx(0, abs=1e-5)
    assert distance(phrase(1), [(phrase(2),)]) > 0.4


def test_the_distance_is_the_mean_over_recordings_in_the_condition_that_is_nearest():
    clean, noisy = (phrase(1), phrase(3)), (phrase(2), phrase(4))
    looks = list(zip(clean, noisy, strict=True))  # of two recordings

    by_condition = [np.mean([distance(phrase(4), [(one,)]) for one in same]) for same in (clean, noisy)]

    assert distance(phrase(4), looks) == pytest.approx(min(by_condition))


def test_speech_around_a_phrase_costs_nothing():
    around = np.vstack([phrase(8, 3), phrase(1), phrase(9, 3)])

    assert distance(around, [(phrase(1),)]) == pytest.approx(0, abs=1e-5)


def test_a_single_recording_is_judged_by_what_is_usual():
    assert leave_one_out([(phrase(1),)]) == []
    assert limit([(phrase(1),)], 1.5) == pytest.approx(1.5 * USUAL)


def test_recordings_that_are_farther_from_each_other_confirm_more():
    alike = [(phrase(1),)] * 5
    unlike = [(phrase(seed),) for seed in range(5)]

    assert limit(alike, 1.5) < limit([(phrase(1),)], 1.5) < limit(unlike, 1.5)
