"""Other versions of a recording: other speeds, a room, a telephone, noise; and averages of aligned versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy import signal

from benchmarks.corpora import RATE, Samples
from kwsd.scorers import cosine_costs
from kwsd.tokenizer.frames import Frames

DECAY, DIRECT = 0.5, 3.0  # of the room: seconds to fall by 60 dB; dB of the direct sound over the echo
BAND = (300, 3400)  # Hz of the telephone
DECIBELS = 15.0  # of the louder half of the recording over the noise

Vectors = NDArray[np.float32]


def in_a_room(x: Samples, rng: np.random.Generator) -> Samples:
    """The recording with the echo of a simple room."""
    size = int(DECAY * RATE)
    response = rng.standard_normal(size) * 10 ** (-3 * np.arange(size) / size)
    response *= 10 ** (-DIRECT / 20) / np.sqrt(np.sum(response**2))
    response[0] = 1
    echoing: Samples = signal.fftconvolve(x, response)[: len(x)].astype(np.float32)
    return echoing


def by_telephone(x: Samples, _: np.random.Generator) -> Samples:
    """The recording in the band of a telephone."""
    narrow: Samples = signal.sosfilt(signal.butter(4, BAND, "bandpass", fs=RATE, output="sos"), x).astype(np.float32)
    return narrow


def noisy(x: Samples, rng: np.random.Generator) -> Samples:
    """The recording with white noise."""
    loud = float(np.sqrt(np.mean(np.sort(x**2)[len(x) // 2 :])))
    noise: Samples = (rng.standard_normal(len(x)) * loud * 10 ** (-DECIBELS / 20)).astype(np.float32)
    return x + noise


def at_speed(speed: float) -> Callable[[Samples, np.random.Generator], Samples]:
    """The recording played faster, and so higher, or slower and lower."""
    return lambda x, _: soxr.resample(x, RATE, RATE / speed)


SPEEDS = {"slower": 0.87, "faster": 1.15}
VERSIONS = {
    **{name: at_speed(speed) for name, speed in SPEEDS.items()},
    "room": in_a_room,
    "telephone": by_telephone,
    "noise": noisy,
}


def averaged(phrase: Frames, others: Sequence[Frames]) -> Frames:
    """A phrase whose vectors are the means with those of others, aligned by DTW, scaled to unit length."""
    total = phrase.vectors.astype(np.float64) + sum(_aligned(phrase.vectors, other.vectors) for other in others)
    total /= np.linalg.norm(total, axis=1, keepdims=True)
    return replace(phrase, vectors=total.astype(np.float32))


def _aligned(one: Vectors, other: Vectors) -> NDArray[np.float64]:
    """[T, m] the mean of the vectors of the other that DTW aligns with each of one [T, m]."""
    costs = cosine_costs(one, other)
    least = np.full((len(one) + 1, len(other) + 1), np.inf)
    least[0, 0] = 0
    for i, row in enumerate(costs):
        for j, cost in enumerate(row):
            least[i + 1, j + 1] = cost + min(least[i, j], least[i, j + 1], least[i + 1, j])
    means, counts = np.zeros(one.shape), np.zeros((len(one), 1))
    i, j = len(one), len(other)
    while i and j:
        means[i - 1] += other[j - 1]
        counts[i - 1] += 1
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda step: least[step])
    return means / counts
