"""Endpoint detection: the loudest phrase in a short recording, without silence and clicks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.source import RATE
from kwsd.errors import AudioError

STEP = 160  # samples between energy values, 10 ms
SILENCE = -80.0  # dBFS after pre-emphasis; a lower level is never speech
SHORTEST_SOUND = 5  # steps; shorter sounds are clicks
LONGEST_PAUSE = 30  # steps within one phrase
MARGIN = 3  # steps kept before and after the phrase
SHORTEST, LONGEST = 0.2, 5.0  # seconds of speech in a template


def speech_span(samples: NDArray[np.float32]) -> tuple[float, float]:
    """Start and end, in seconds, of the phrase in a short recording [n] float32 at 16 kHz.

    Raises:
        AudioError: the recording is empty, silent, or holds too little or too much speech.
    """
    if not len(samples):
        raise AudioError("it is empty: record the phrase again")
    level = energy(samples)
    runs = sounds(level > _loudness_threshold(level))
    if not runs:
        raise AudioError("it holds no speech: record the phrase again, closer to the microphone")
    spoken = sum(last - first for first, last in runs) * STEP / RATE
    if spoken > LONGEST:
        raise AudioError(
            f"it holds {spoken:.1f} s of speech, a keyword has at most {LONGEST:.0f} s: cut the phrase out"
        )
    first, last = _loudest(phrases(runs), level)
    seconds = (last - first) * STEP / RATE
    if seconds < SHORTEST:
        raise AudioError(f"it holds {seconds:.2f} s of speech, a keyword needs {SHORTEST} s: say a longer phrase")
    return max(0, first - MARGIN) * STEP / RATE, min(len(level), last + MARGIN) * STEP / RATE


def energy(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Energy in dBFS at each step of 10 ms, over 30 ms, after pre-emphasis, which attenuates low-frequency noise.

    Args:
        samples: [n] float32 at 16 kHz, at least one.
    """
    emphasised = np.diff(samples.astype(np.float64), prepend=samples[:1])
    steps = np.pad(emphasised, (0, -len(emphasised) % STEP)).reshape(-1, STEP)
    power = np.convolve(np.mean(steps**2, axis=1), np.full(3, 1 / 3), mode="same")
    decibels: NDArray[np.float64] = 10 * np.log10(power + 1e-10)
    return decibels


def _loudness_threshold(level: NDArray[np.float64]) -> float:
    """A level in dBFS between background and voice: a third of the way up, and at least 35 dB below the loudest."""
    quiet, loud = np.percentile(level, (10, 98))
    return float(max(SILENCE, loud - 35, quiet + max(5.0, 0.33 * (loud - quiet))))


def sounds(active: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs [first, last) of active steps that are longer than a click, from a flag for each step."""
    edges = np.flatnonzero(np.diff(active.astype(np.int8), prepend=0, append=0))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(first, last) for first, last in pairs if last - first >= SHORTEST_SOUND]


def phrases(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The phrases: runs [first, last), at least one, joined where the pause between them is short."""
    joined = [runs[0]]
    for first, last in runs[1:]:
        if first - joined[-1][1] <= LONGEST_PAUSE:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _loudest(found: list[tuple[int, int]], level: NDArray[np.float64]) -> tuple[int, int]:
    """The phrase [first, last) of most energy; a louder sound that is too short for a phrase is none."""
    long = [run for run in found if (run[1] - run[0]) * STEP / RATE >= SHORTEST]
    return max(long or found, key=lambda run: float(np.sum(10 ** (level[run[0] : run[1]] / 10))))
