import numpy as np
import pytest
import soxr
from audio_signals import chirp, click, click_time, similarity, split, tone
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.audio.resample import Resampler
from kwsd.errors import AudioError

RATES = [8000, 11025, 22050, 32000, 44100, 48000, 96000, 192000]


def resampled(pieces, rate):
    resampler = Resampler(rate)
    return np.concatenate([resampler.push(piece) for piece in pieces] + [resampler.flush()])


@settings(max_examples=40, deadline=None)
@given(rate=st.sampled_from([8000, 12345, 16000, 44100, 48000]), sizes=st.lists(st.integers(1, 5000), min_size=1))
def test_splitting_the_input_anywhere_gives_the_one_shot_answer(rate, sizes):
    signal = np.random.default_rng(0).uniform(-1, 1, rate).astype(np.float32)

    whole = signal if rate == 16000 else soxr.resample(signal, rate, 16000)

    assert np.array_equal(resampled(split(signal, sizes), rate), whole)


@pytest.mark.parametrize("rate", RATES)
def test_what_went_in_at_a_time_comes_out_at_that_time(rate):
    out = resampled(split(click(0.5, 1.0, rate), [441]), rate)

    assert click_time(out, 16000) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("rate", RATES)
def test_speech_frequencies_pass_unchanged(rate):
    out = resampled([chirp(1.0, rate)], rate)

    assert similarity(out, chirp(1.0, 16000)) > 0.9999


def test_what_a_16_khz_stream_cannot_carry_is_filtered_out():
    out = resampled([tone(9000, 1.0, 48000)], 48000)

    assert np.abs(out[1000:-1000]).max() < 1e-4


def test_audio_at_16_khz_already_passes_through_as_it_is():
    signal = chirp(0.1, 16000)

    assert Resampler(16000).push(signal) is signal


def test_the_delay_is_the_audio_that_has_not_come_out_yet():
    resampler = Resampler(48000)
    given = len(resampler.push(tone(440, 1.0, 48000)))

    assert resampler.delay == pytest.approx(1.0 - given / 16000)
    assert 0 < resampler.delay < 0.1


def test_after_a_flush_the_resampler_takes_a_new_stream():
    resampler = Resampler(44100)
    first = np.concatenate([resampler.push(chirp(0.5, 44100)), resampler.flush()])
    second = np.concatenate([resampler.push(chirp(0.5, 44100)), resampler.flush()])

    assert np.array_equal(first, second)
    assert resampler.delay == 0


def test_a_reset_forgets_what_was_pushed():
    resampler = Resampler(44100)
    resampler.push(tone(440, 0.3, 44100))
    resampler.reset()
    out = np.concatenate([resampler.push(chirp(0.5, 44100)), resampler.flush()])

    assert np.array_equal(out, resampled([chirp(0.5, 44100)], 44100))


@pytest.mark.parametrize("rate", [0, 1, 4000, 7999, 2_147_483_647])
def test_a_rate_that_carries_no_speech_is_refused_with_what_is_needed(rate):
    with pytest.raises(AudioError, match="8000 to 768000 Hz are needed"):
        Resampler(rate)
