"""Which stretches of an archive may hold a phrase, and how common each of its sounds is.

The *density* of a vector is the mean cosine with the nearest of a sample of the archive. A cosine less the mean of both
densities, as in CSLS (Conneau et al. 2018, section 2.3), says how much more alike two vectors are than each is to the
rest. Silence, noise, hum and tones are like many vectors, or stay the same for long; neither is taken for speech.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.discovery import kernels
from kwsd.archive.discovery.heard import ONE, Heard

SIZES, WEIGHTS = (
    (3_750, 45_000),
    (1.0, 1.2),
)  # weight of a density in an archive of five minutes, and of an hour and more
SAMPLE, HIGHEST = 1024, 16  # vectors of the archive that each is compared with, and how many of them count
DENSEST = 0.68  # mean density of a window that may be speech
STEADIEST = 0.45  # mean cosine of a window's vectors that are LATER apart
LATER = 3  # vectors
AT_ONCE = 1 << 16  # vectors


@dataclass(frozen=True)
class Speech:
    """What may be speech.

    Attributes:
        level: [n] int32 what is taken from the products of each vector: its density, times ONE and a `weight`.
        windows: [w] int32 the vectors with which windows of speech begin.
        window_level: [n] int32 the sum of the levels in the window that begins with each vector.
    """

    level: NDArray[np.int32]
    windows: NDArray[np.int32]
    window_level: NDArray[np.int32]

    @classmethod
    def of(cls, heard: Heard, width: int, seed: int = 1) -> Speech:
        """The windows of so many vectors within a document that may be speech."""
        count = max(0, len(heard) - width + 1)
        if not count:
            return cls(*(np.zeros(size, np.int32) for size in (len(heard), 0, len(heard))))
        chosen = np.random.default_rng(seed).permutation(len(heard))[:SAMPLE]
        sample = heard.vectors[np.sort(chosen)]
        density = kernels.density(heard.vectors, sample, min(HIGHEST, len(sample)))
        level = (density * weight(len(heard))).astype(np.int32)
        window_level = np.zeros_like(level)
        window_level[:count] = _sums(level, width)
        steady = _sums(_steadiness(heard.vectors), width - LATER)[:count]
        begin = np.arange(count, dtype=np.int32)
        within = heard.document_at(begin) == heard.document_at(begin + np.int32(width - 1))
        quiet = (_sums(density, width) >= DENSEST * ONE * width) | (steady >= STEADIEST * ONE * (width - LATER))
        return cls(level, begin[within & ~quiet], window_level)


def weight(vectors: int) -> float:
    """How much a density counts in an archive of so many vectors: of more pairs, more are alike by chance."""
    return float(np.interp(np.log(max(vectors, 1)), np.log(SIZES), WEIGHTS))


def _steadiness(vectors: NDArray[np.int8]) -> NDArray[np.int32]:
    """[n] the product of each vector with that which is LATER; 0 for the last."""
    out = np.zeros(len(vectors), np.int32)
    for first in range(0, len(vectors) - LATER, AT_ONCE):
        part = vectors[first : first + AT_ONCE + LATER].astype(np.int32)
        out[first : first + len(part) - LATER] = (part[:-LATER] * part[LATER:]).sum(axis=1)
    return out


def _sums(values: NDArray[np.int32], width: int) -> NDArray[np.int32]:
    """[n - width + 1] the sum of each value and those after it, `width` in all."""
    total = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    sums: NDArray[np.int32] = (total[width:] - total[:-width]).astype(np.int32)
    return sums
