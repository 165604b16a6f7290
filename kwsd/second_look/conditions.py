"""A recording as it would be heard elsewhere: with noise, in a room, by telephone.

What a microphone hears of the phrase in such a place is nearer to these than to the recording itself.
"""

from __future__ import annotations

import numpy as np
import soxr

from kwsd.audio.room import Room
from kwsd.audio.source import RATE, Samples

NOISES = (15.0, 8.0)  # dB of white noise below the phrase
ROOM = Room("living room", (5.0, 4.0, 2.6), distance=2.5, reverberation=0.5, noise=np.inf)
TELEPHONE = 8_000  # samples a second
MU = 255  # of the companding of G.711
SEED = 20261128


def conditions(samples: Samples, start: float, end: float) -> list[Samples]:
    """The recording [n] as it is, and as it would be heard in each other place, all [n] at the same level.

    Args:
        samples: a recording at RATE.
        start, end: seconds at which the phrase starts and ends in it.
    """
    rng = np.random.default_rng(SEED)
    phrase = samples[round(start * RATE) : round(end * RATE)]
    level = float(np.sqrt(np.mean(phrase**2))) if len(phrase) else 0.0
    hiss = rng.standard_normal(len(samples)).astype(np.float32)
    noisy = [samples + np.float32(level * 10 ** (-decibels / 20)) * hiss for decibels in NOISES]
    return [
        samples,
        *noisy,
        _in_room(samples, level, round(start * RATE), round(end * RATE), rng),
        _telephoned(samples),
    ]


def _in_room(samples: Samples, level: float, first: int, last: int, rng: np.random.Generator) -> Samples:
    response = ROOM.response(rng)
    size = len(samples) + len(response) - 1
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)[: len(samples)]
    heard = float(np.sqrt(np.mean(wet[first:last] ** 2))) if last > first else 0.0
    out: Samples = (wet * (level / max(heard, 1e-9))).astype(np.float32)
    return out


def _telephoned(samples: Samples) -> Samples:
    """Through the band of a telephone and the 8 bits of mu-law (G.711)."""
    narrow = np.clip(soxr.resample(samples, RATE, TELEPHONE), -1, 1)
    small = np.sign(narrow) * np.log1p(MU * np.abs(narrow)) / np.log1p(MU)
    small = np.round(small * 127) / 127
    wide = soxr.resample(np.sign(small) * np.expm1(np.abs(small) * np.log1p(MU)) / MU, TELEPHONE, RATE)
    out: Samples = np.pad(wide[: len(samples)], (0, max(0, len(samples) - len(wide)))).astype(np.float32)
    return out
