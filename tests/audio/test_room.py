"""Simulated rooms: what a microphone hears of a voice."""

import numpy as np
import pytest

from kwsd.audio.room import Room

RATE = 16_000


def decay(response):
    """Seconds in which the energy that is still to come falls from -5 to -25 dB, three times: the RT60."""
    left = np.cumsum(response[::-1] ** 2)[::-1]
    decibels = 10 * np.log10(left / left[0])
    return 3 * (np.argmax(decibels < -25) - np.argmax(decibels < -5)) / RATE


@pytest.mark.parametrize("reverberation", [0.2, 0.35, 0.5])
def test_sound_dies_away_in_about_the_time_that_sabines_formula_has(reverberation):
    room = Room("room", (5.0, 4.0, 2.6), 1.5, reverberation, 30.0)
    found = [decay(room.response(np.random.default_rng(seed))) for seed in range(10)]

    assert 0.9 * reverberation < np.mean(found) < 1.5 * reverberation


def test_the_direct_sound_is_first_and_as_loud_as_before():
    response = Room("room", (5.0, 4.0, 2.6), 1.0, 0.3, 30.0).response(np.random.default_rng(1))

    assert response[0] == pytest.approx(1.0)
    assert not response[1:8].any()


def test_more_of_the_sound_is_reverberation_farther_away():
    near, far = (Room("room", (6.0, 5.0, 2.6), distance, 0.4, 30.0) for distance in (0.5, 3.0))
    shares = [np.sum(room.response(np.random.default_rng(1))[1:] ** 2) for room in (near, far)]

    assert shares[0] < 1 < shares[1]


def test_the_noise_is_so_far_below_the_speech(speech):
    room = Room("room", (5.0, 4.0, 2.6), 1.0, 0.2, 20.0)
    heard = room.heard(speech, np.random.default_rng(1))
    before = heard[: RATE // 2 - 400]

    assert np.abs(heard).max() <= 0.9 + 1e-6
    assert 20 * np.log10(speech.std() / before.std()) == pytest.approx(20, abs=3)


def test_what_is_heard_is_half_a_second_longer_at_both_ends(speech):
    room = Room("room", (5.0, 4.0, 2.6), 1.0, 0.2, 30.0)

    assert len(speech) + RATE <= len(room.heard(speech, np.random.default_rng(1))) < len(speech) + 1.5 * RATE
