import numpy as np
import pytest
import soundfile as sf

from kwsd.second_look.conditions import NOISES, conditions


@pytest.fixture(scope="module")
def heard(examples):
    samples = sf.read(examples / "hey-snips" / "kitchen-sarah.flac", dtype="float32")[0]
    return samples, conditions(samples, 0.3, 0.9)


def power(samples):
    return 10 * np.log10(np.mean(samples[4_800:14_400] ** 2))


def test_each_condition_has_the_samples_of_the_recording_at_its_level(heard):
    samples, found = heard

    assert {len(one) for one in found} == {len(samples)}
    assert {one.dtype for one in found} == {np.dtype(np.float32)}
    assert np.array_equal(found[0], samples)
    assert all(power(one) == pytest.approx(power(samples), abs=1.5) for one in found)


def test_noise_is_as_far_below_the_phrase_as_it_should_be(heard):
    samples, found = heard

    for decibels, noisy in zip(NOISES, found[1:3], strict=True):
        assert power(samples) - power(noisy - samples) == pytest.approx(decibels, abs=0.2)


def test_a_telephone_has_no_sound_above_its_band(heard):
    _, found = heard
    spectrum = np.abs(np.fft.rfft(found[-1])) ** 2
    hertz = np.fft.rfftfreq(len(found[-1]), 1 / 16_000)

    assert spectrum[hertz > 4_200].sum() < 1e-4 * spectrum.sum()


def test_the_same_recording_is_heard_the_same_again(heard):
    samples, found = heard

    assert all(map(np.array_equal, found, conditions(samples, 0.3, 0.9)))


def test_silence_stays_finite():
    assert all(np.isfinite(one).all() for one in conditions(np.zeros(16_000, np.float32), 0.2, 0.8))
