"""The level of a recording at each step of 10 ms, and the runs of steps in which something sounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.source import RATE

STEP = 160  # samples between values of the level, 10 ms
SILENCE = -90.0  # dBFS; a lower level is never speech
VOICE_BAND = (200, 4000)  # Hz, in which speech stands out of white noise

STRETCH = 60 * RATE  # samples whose spectrum is computed at once, so that a long recording fits the memory

Run = tuple[int, int]  # [first, last) steps


def energy(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Level in dBFS at each step, over 30 ms, after pre-emphasis, which attenuates hum and rumble.

    Args:
        samples: [n] float32 at 16 kHz, at least one.
    """
    return _decibels(np.diff(samples.astype(np.float64), prepend=samples[:1]))


def band_energy(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """The same within VOICE_BAND instead of after pre-emphasis, for recordings full of white noise."""
    parts = [_within_band(samples[first : first + STRETCH]) for first in range(0, len(samples), STRETCH)]
    return _decibels(np.concatenate(parts))


def sounds(level: NDArray[np.float64], shortest: int) -> list[Run]:
    """Runs of at least so many steps that are louder than the background."""
    edges = np.flatnonzero(np.diff((level > _threshold(level)).astype(np.int8), prepend=0, append=0))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(first, last) for first, last in pairs if last - first >= shortest]


def joined(runs: list[Run], pause: int) -> list[Run]:
    """Runs joined where the pause between them has at most so many steps."""
    found: list[Run] = []
    for first, last in runs:
        if found and first - found[-1][1] <= pause:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def loudness(run: Run, level: NDArray[np.float64]) -> float:
    """The energy of a run."""
    return float(np.sum(10 ** (level[run[0] : run[1]] / 10)))


def _within_band(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(samples.astype(np.float64))
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(hertz < VOICE_BAND[0]) | (hertz > VOICE_BAND[1])] = 0
    return np.fft.irfft(spectrum, len(samples))


def _decibels(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = np.pad(samples, (0, -len(samples) % STEP)).reshape(-1, STEP)
    power = np.convolve(np.mean(steps**2, axis=1), np.full(3, 1 / 3), mode="same")
    decibels: NDArray[np.float64] = 10 * np.log10(power + 1e-10)
    return decibels


def _threshold(level: NDArray[np.float64]) -> float:
    """A level in dBFS between background and voice: a third of the way up, and at least 35 dB below the loudest."""
    quiet, loud = np.percentile(level, (10, 98))
    return float(max(SILENCE, loud - 35, quiet + max(5.0, 0.33 * (loud - quiet))))
