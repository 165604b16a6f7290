"""Pairs of codes as index terms, and how a query's pairs vote for the places that may hold it.

A term is the first byte of a code and that of the code 160 ms later. Each stretch of 160 ms of a query names many
terms, the pairs of the words nearest to its two ends, and each weighs the less the farther its words are; a term also
weighs by its inverse document frequency. Where the places of many terms fall together, the query may be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.container import Arrays

GAP = 2  # codes between the two of a pair
NEAREST = 8  # words that each end of a stretch may be taken for
SOFTNESS = 0.5  # squared distance over which a word's weight falls to 1/e
WORDS = 256
FINE = 100  # steps of a vote of weight 1


@dataclass(frozen=True)
class Terms:
    """What a template looks for.

    Attributes:
        key: [l] the two bytes of a pair.
        place: [l] the code of the template at which it begins.
        weight: [l] float32 in (0, 1].
    """

    key: NDArray[np.int64]
    place: NDArray[np.int64]
    weight: NDArray[np.float32]


def terms(template: NDArray[np.float32], words: NDArray[np.float32]) -> Terms:
    """The terms of a template [n, m], with the first stage's words [256, m]; none if it is shorter than a pair."""
    squares = ((template[:, None] - words) ** 2).sum(axis=2)
    near = np.argsort(squares, axis=1, kind="stable")[:, :NEAREST]
    excess = np.take_along_axis(squares, near, axis=1)
    excess = excess - excess[:, :1]
    first, second = near[:-GAP], near[GAP:]
    key = first[:, :, None] * WORDS + second[:, None]
    weight = np.exp(-(excess[:-GAP, :, None] + excess[GAP:, None]) / SOFTNESS)
    place = np.broadcast_to(np.arange(len(first))[:, None, None], key.shape)
    return Terms(key.ravel(), place.ravel(), weight.ravel().astype(np.float32))


class Pairs:
    """The posting lists of a segment: where each pair of codes is.

    Attributes:
        places: [p] int32 codes at which a pair begins, list after list, each ascending.
    """

    def __init__(self, arrays: Arrays) -> None:
        self._keys, self._ends = arrays["pair_keys"], arrays["pair_ends"]
        self.places: NDArray[np.int32] = arrays["pair_places"]

    @staticmethod
    def arrays(codes: NDArray[np.uint8], bounds: NDArray[np.int64]) -> Arrays:
        """What is written to disk for codes [n, s] of the documents between these bounds [d + 1]."""
        whole = np.ones(len(codes), bool)
        for before in range(1, GAP + 1):
            whole[np.maximum(bounds[1:] - before, bounds[:-1])[np.diff(bounds) > 0]] = False
        places = np.flatnonzero(whole).astype(np.int32)
        keys = codes[places, 0].astype(np.uint16) * np.uint16(WORDS) + codes[places + GAP, 0]
        order = np.argsort(keys, kind="stable")  # of 16 bits: by radix
        counts = np.bincount(keys, minlength=WORDS * WORDS)
        known = np.flatnonzero(counts)
        return {
            "pair_keys": known.astype(np.uint16),
            "pair_ends": np.cumsum(counts[known], dtype=np.uint32),
            "pair_places": places[order],
        }

    def beginning(self, word: int) -> NDArray[np.int32]:
        """The places of all pairs that begin with this word, in the order of their lists."""
        first, last = np.searchsorted(self._keys, [word * WORDS, (word + 1) * WORDS])
        ends = np.concatenate([[0], self._ends])
        return self.places[ends[first] : ends[last]]

    def lists(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the lists of these pairs [l] begin and end in `places`; equal where a pair does not occur."""
        if not len(self._keys):
            return np.zeros_like(keys), np.zeros_like(keys)
        # Looked up as what they are kept as: else numpy would make another array of all that are kept.
        index = np.minimum(np.searchsorted(self._keys, keys.astype(np.uint16)), len(self._keys) - 1)
        last = self._ends[index].astype(np.int64)
        first = np.where(index > 0, self._ends[index - 1].astype(np.int64), 0)
        return first, np.where(self._keys[index] == keys, last, first)
