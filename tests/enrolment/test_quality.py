"""Poor recordings: they are used, and each is warned about by name."""

import numpy as np
import pytest
import soundfile as sf

from kwsd.audio.source import RATE
from kwsd.audio.trim import phrase_spans
from kwsd.enrolment.enroll import enroll
from kwsd.enrolment.quality import faults, is_narrow
from kwsd.enrolment.template import Recording


def clipped(samples):
    return np.clip(samples * 30, -1, 1)


def clipped_and_then_made_quieter(samples):
    return clipped(samples) / 4


def quiet(samples):
    return samples * np.float32(0.004 / np.abs(samples).max())


def noisy(samples):
    noise = np.random.default_rng(5).standard_normal(len(samples)).astype(np.float32)
    return samples + noise * np.float32(0.3 * np.sqrt(np.mean(samples**2)))


def echoing(samples):
    rng = np.random.default_rng(5)
    response = rng.standard_normal(RATE).astype(np.float32) * 10 ** (-3 * np.arange(RATE) / RATE)  # 60 dB in a second
    heard = np.convolve(samples, response)[: len(samples)]
    return (heard * 0.5 / np.abs(heard).max()).astype(np.float32)


SPOILED = {
    clipped: "is clipped",
    clipped_and_then_made_quieter: "is clipped",
    quiet: "is quiet",
    noisy: "is noisy",
    echoing: "echoes",
}


@pytest.fixture
def good(recordings):
    return sf.read(recordings[0], dtype="float32")[0]


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda spoil: spoil.__name__)
def test_a_poor_recording_is_used_with_a_warning(recordings, good, tokenizer, bank, spoil):
    made = enroll("hey snips", [Recording("poor.wav", spoil(good)), *recordings[1:]], tokenizer, bank=bank)

    assert made.refused == ()
    assert len(made.keyword.templates) == len(recordings)
    assert [warning for warning in made.warnings if warning.startswith(f"poor.wav {SPOILED[spoil]}: ")]


def test_a_good_recording_is_not_warned_about(recordings):
    for path in recordings:
        samples = sf.read(path, dtype="float32")[0]

        assert faults(samples, phrase_spans(samples)[0]) == []


def test_a_recording_of_two_sounds_that_are_far_apart_is_warned_about(good, tokenizer, bank):
    pieces = phrase_spans(good)[0]
    between = np.resize(good[:3200], int(0.6 * RATE))
    start, end = int(pieces[0][0] * RATE), int(pieces[-1][1] * RATE)
    twice = np.concatenate([good[:end], between, good[start:]])
    made = enroll("hey snips", [Recording("twice.wav", twice)], tokenizer, bank=bank)

    assert [warning for warning in made.warnings if warning.startswith("twice.wav has a long pause")]


def test_a_telephone_is_told_from_a_microphone_by_its_band(recordings):
    for path in recordings:
        samples = sf.read(path, dtype="float32")[0]
        spectrum = np.fft.rfft(samples)
        spectrum[np.fft.rfftfreq(len(samples), 1 / RATE) > 3800] = 0
        telephone = np.fft.irfft(spectrum, len(samples)).astype(np.float32)
        pieces = phrase_spans(samples)[0]

        assert is_narrow(telephone, pieces)
        assert not is_narrow(samples, pieces)
