"""Posting lists: where in a segment each pair of codes is.

A pair is the first byte of a code and that of the code 160 ms later, 65,536 terms in all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.storage.array_file import Arrays
from kwsd.errors import ArchiveError

GAP = 2  # codes from the first code of a pair to the second
WORDS = 256  # values of a code's first byte


class PostingLists:
    """The posting lists of a segment: where each pair of codes is.

    Args:
        arrays: those of the segment, checked.
        frames: number of its codes.
        segment: its name, for messages.

    Attributes:
        places: [p] int32 codes at which a pair begins, list after list, each ascending.
    """

    def __init__(self, arrays: Arrays, frames: int, segment: str) -> None:
        self._frames, self._segment = frames, segment
        self._keys, self._ends = arrays["pair_keys"], arrays["pair_ends"]
        self.places: NDArray[np.int32] = arrays["pair_places"]

    @staticmethod
    def arrays(codes: NDArray[np.uint8], bounds: NDArray[np.int64]) -> Arrays:
        """The arrays to write to disk, for codes [n, s] uint8 of documents with these bounds [d + 1] int64."""
        whole = np.ones(len(codes), bool)
        for before in range(1, GAP + 1):
            whole[np.maximum(bounds[1:] - before, bounds[:-1])[np.diff(bounds) > 0]] = False
        places = np.flatnonzero(whole).astype(np.int32)
        keys = codes[places, 0].astype(np.uint16) * np.uint16(WORDS) + codes[places + GAP, 0]
        order = np.argsort(keys, kind="stable")  # numpy sorts 16 bits by radix
        counts = np.bincount(keys, minlength=WORDS * WORDS)
        known = np.flatnonzero(counts)
        return {
            "pair_keys": known.astype(np.uint16),
            "pair_ends": np.cumsum(counts[known], dtype=np.uint32),
            "pair_places": places[order],
        }

    def starting_with(self, word: int) -> NDArray[np.int32]:
        """[k] int32 the places of all pairs whose first code has this byte, list after list.

        Raises:
            ArchiveError: a place is outside the segment, whose file is damaged.
        """
        first, last = np.searchsorted(self._keys, [word * WORDS, (word + 1) * WORDS])
        ends = np.concatenate([[0], self._ends])
        places = self.places[ends[first] : ends[last]]
        if len(places) and not 0 <= places.min() <= places.max() < self._frames:
            raise self.damage()
        return places

    def damage(self) -> ArchiveError:
        """The error for a place that is outside the segment."""
        return ArchiveError(f"{self._segment} is damaged, its posting lists are wrong: run `kwsd index verify`")

    def lists(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Begin [l] and end [l] in `places` of the posting lists of these pairs [l]; equal if a pair does not occur."""
        if not len(self._keys):
            return np.zeros_like(keys), np.zeros_like(keys)
        # Searched in the stored type: else numpy would convert the whole array of keys.
        index = np.minimum(np.searchsorted(self._keys, keys.astype(np.uint16)), len(self._keys) - 1)
        last = self._ends[index].astype(np.int64)
        first = np.where(index > 0, self._ends[index - 1].astype(np.int64), 0)
        return first, np.where(self._keys[index] == keys, last, first)
