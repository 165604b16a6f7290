"""Which stretches of an archive may hold a phrase, and how common each of its sounds is.

The *density* of a vector is the mean cosine with the nearest of a sample of the archive. A cosine less the mean of both
densities, as in CSLS (Conneau et al. 2018, section 2.3), says how much more alike two vectors are than each is to the
rest. Pauses, breath and noise are told from speech by a discriminant (`kwsd.tokenizer.voice_activity`) and left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.discovery import kernels
from kwsd.archive.discovery.heard import ONE, SCALE, Heard
from kwsd.tokenizer.voice_activity import VoiceActivity

SIZES = 3_750, 45_000  # vectors of five minutes and of an hour
WEIGHTS = 0.9, 1.2  # of a density in archives of these sizes: at less, long stretches of common sounds come first
SAMPLE, HIGHEST = 1024, 16  # vectors of the archive that each is compared with, and how many of them count
DENSEST = 0.68  # mean density of a window that may be speech
CLEAR = 3.0  # what the discriminant says on average of a stretch that is clearly speech; windows need 0
AT_ONCE = 1 << 16  # vectors


@dataclass(frozen=True)
class Speech:
    """What may be speech.

    Attributes:
        level: [n] int32 what is taken from the products of each vector: its density, times ONE and a `weight`.
        windows: [w] int32 the vectors with which windows of speech begin.
        window_level: [n] int32 the sum of the levels in the window that begins with each vector.
        activity: [n + 1] float64 the sum of what the discriminant says of all vectors before each; 0 without one.
    """

    level: NDArray[np.int32]
    windows: NDArray[np.int32]
    window_level: NDArray[np.int32]
    activity: NDArray[np.float64]

    @classmethod
    def of(cls, heard: Heard, width: int, activity: VoiceActivity | None, seed: int = 1) -> Speech:
        """The windows of so many vectors within a document that may be speech, by density alone if need be."""
        count = max(0, len(heard) - width + 1)
        if not count:
            nothing = np.zeros(len(heard), np.int32)
            return cls(nothing, nothing[:0], nothing, np.zeros(len(heard) + 1))
        chosen = np.random.default_rng(seed).permutation(len(heard))[:SAMPLE]
        sample = heard.vectors[np.sort(chosen)]
        density = kernels.density(heard.vectors, sample, min(HIGHEST, len(sample)))
        level = (density * weight(len(heard))).astype(np.int32)
        window_level = np.zeros_like(level)
        window_level[:count] = _sums(level, width)
        begin = np.arange(count, dtype=np.int32)
        within = heard.document_at(begin) == heard.document_at(begin + np.int32(width - 1))
        spoken = _sums(density, width) < DENSEST * ONE * width
        active = np.zeros(len(heard) + 1)
        if activity:
            active = np.concatenate([[0], np.cumsum(_activities(heard.vectors, activity))])
            spoken &= active[width:] - active[:-width] > 0
        return cls(level, begin[within & spoken], window_level, active)

    def are_spoken(self, begin: NDArray[np.int32], end: NDArray[np.int32]) -> NDArray[np.bool_]:
        """[k] whether stretches are clearly speech; all are without a discriminant."""
        if not self.activity.any():
            return np.ones(len(begin), bool)
        spoken: NDArray[np.bool_] = self.activity[end] - self.activity[begin] > CLEAR * (end - begin)
        return spoken


def weight(vectors: int) -> float:
    """How much a density counts in an archive of so many vectors: of more pairs, more are alike by chance."""
    return float(np.interp(np.log(max(vectors, 1)), np.log(SIZES), WEIGHTS))


def _activities(vectors: NDArray[np.int8], activity: VoiceActivity) -> NDArray[np.float64]:
    """[n] what the discriminant says of each vector: above 0 on average in speech."""
    parts = [vectors[first : first + AT_ONCE] for first in range(0, len(vectors), AT_ONCE)]
    return np.concatenate([part.astype(np.float64) @ (activity.weights / SCALE) + activity.bias for part in parts])


def _sums(values: NDArray[np.int32], width: int) -> NDArray[np.int32]:
    """[n - width + 1] the sum of each value and those after it, `width` in all."""
    total = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    sums: NDArray[np.int32] = (total[width:] - total[:-width]).astype(np.int32)
    return sums
