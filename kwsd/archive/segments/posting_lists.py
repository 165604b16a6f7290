"""Posting lists: where in a segment each pair of codes is.

A pair is the first byte of a code and that of the code 160 ms later, 65,536 terms in all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.storage.array_file import Arrays

GAP = 2  # codes between the two of a pair
WORDS = 256  # values of a code's first byte


class PostingLists:
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
