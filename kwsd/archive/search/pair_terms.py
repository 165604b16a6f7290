"""The terms of a query: pairs of codes, each end taken for any of the code words nearest to it.

A term is the first byte of a code and that of the code 160 ms later, see `kwsd.archive.segments.posting_lists`. Each
stretch of 160 ms of a template names many terms, and each weighs the less the farther its words are from the vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.posting_lists import GAP, WORDS

NEAREST = 8  # words that each end of a stretch may be taken for
SOFTNESS = 0.5  # squared distance over which a word's weight falls to 1/e
FINE = 100  # steps of a vote of weight 1


@dataclass(frozen=True)
class PairTerms:
    """What a template looks for.

    Attributes:
        key: [l] the two bytes of a pair.
        place: [l] the code of the template at which it begins.
        weight: [l] float32 in (0, 1].
    """

    key: NDArray[np.int64]
    place: NDArray[np.int64]
    weight: NDArray[np.float32]


def pair_terms(template: NDArray[np.float32], words: NDArray[np.float32]) -> PairTerms:
    """The terms of a template [n, m], with the first stage's words [256, m]; none if it is shorter than a pair."""
    squares = ((template[:, None] - words) ** 2).sum(axis=2)
    near = np.argsort(squares, axis=1, kind="stable")[:, :NEAREST]
    excess = np.take_along_axis(squares, near, axis=1)
    excess = excess - excess[:, :1]
    first, second = near[:-GAP], near[GAP:]
    key = first[:, :, None] * WORDS + second[:, None]
    weight = np.exp(-(excess[:-GAP, :, None] + excess[GAP:, None]) / SOFTNESS)
    place = np.broadcast_to(np.arange(len(first))[:, None, None], key.shape)
    return PairTerms(key.ravel(), place.ravel(), weight.ravel().astype(np.float32))
