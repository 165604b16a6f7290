"""The terms of a query: pairs of codes, each with several of the nearest code words.

A term is the first byte of a code and that of the code 160 ms later, see `kwsd.archive.segments.posting_lists`. Each
160 ms of a template give many terms; the weight of a term falls with the distance of its code words to the vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.posting_lists import GAP, WORDS

NEAREST = 8  # code words that are used for each vector
SOFTNESS = 0.5  # squared distance over which a word's weight falls to 1/e
FINE = 100  # votes are integers: the value of weight 1


@dataclass(frozen=True)
class PairTerms:
    """The terms of a template.

    Attributes:
        key: [l] the two bytes of a pair.
        place: [l] index of the template's vector at which the pair begins.
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
