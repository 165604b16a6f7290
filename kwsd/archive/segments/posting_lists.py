"""Posting lists: where in a segment each pair of codes is.

A pair is the first byte of a code and that of the code 160 ms later, 65,536 terms in all. The lists are stored as
Elias-Fano lists, see `kwsd.archive.segments.elias_fano`. They follow from the codes, so that a segment of an older
kwsd, whose lists were stored otherwise, gets them when it is first searched.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments import elias_fano
from kwsd.archive.storage.array_file import Arrays
from kwsd.errors import ArchiveError

GAP = 2  # codes from the first code of a pair to the second
WORDS = 256  # values of a code's first byte
TERMS = WORDS * WORDS
MANY = 255  # a count from which on it is stored in 32 bits


class PostingLists:
    """The posting lists of a segment: where each pair of codes is.

    Args:
        arrays: those of the segment, checked.
        frames: number of its codes.
        segment: its name, for messages.
    """

    def __init__(self, arrays: Arrays, frames: int, segment: str) -> None:
        self._frames, self._segment = frames, segment
        self._known, self._few, self._many = arrays["pair_known"], arrays["pair_counts"], arrays["pair_many"]
        self._stream = arrays["pair_places"]

    @staticmethod
    def arrays(words: NDArray[np.uint8], bounds: NDArray[np.int64]) -> Arrays:
        """The arrays to write to disk, for first bytes [n] of the codes of documents with these bounds [d + 1]."""
        whole = np.ones(len(words), bool)
        for before in range(1, GAP + 1):
            whole[np.maximum(bounds[1:] - before, bounds[:-1])[np.diff(bounds) > 0]] = False
        places = np.flatnonzero(whole).astype(np.int32)
        keys = words[places].astype(np.uint16) * np.uint16(WORDS) + words[places + GAP]
        order = np.argsort(keys, kind="stable")  # numpy sorts 16 bits by radix
        counts = np.bincount(keys, minlength=TERMS)
        there = counts[counts > 0]
        return {
            "pair_known": np.packbits(counts > 0),
            "pair_counts": np.minimum(there, MANY).astype(np.uint8),
            "pair_many": there[there >= MANY].astype(np.uint32),
            "pair_places": elias_fano.encode(places[order], there, max(len(words), 1)),
        }

    def counts(self, terms: NDArray[np.int64]) -> NDArray[np.int64]:
        """[l] how often each of these pairs [l] occurs."""
        return self._lists[0][terms]

    def places(self, terms: NDArray[np.int64]) -> NDArray[np.int32]:
        """The codes at which these pairs [l] begin, list after list, each ascending.

        Raises:
            ArchiveError: a list names no place of the segment, whose file is damaged.
        """
        counts, begins = self._lists
        try:
            return elias_fano.decode(self._stream, begins[terms], counts[terms], max(self._frames, 1))
        except ValueError:
            raise ArchiveError(
                f"{self._segment} is damaged, its posting lists are wrong: run `kwsd index verify`"
            ) from None

    def starting_with(self, word: int) -> NDArray[np.int32]:
        """[k] the places of all pairs whose first code has this byte, list after list; ArchiveError as `places`."""
        return self.places(np.arange(word * WORDS, (word + 1) * WORDS))

    @cached_property
    def _lists(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """[TERMS] the number of places of each pair, and the bit at which its list begins."""
        counts = np.zeros(TERMS, np.int64)
        counts[np.unpackbits(self._known).astype(bool)] = counts_of(self._few, self._many)
        return counts, elias_fano.begins(counts, max(self._frames, 1))


def counts_of(few: NDArray[np.uint8], many: NDArray[np.uint32]) -> NDArray[np.int64]:
    """[k] the numbers of places that are stored as bytes [k], those from MANY on as 32 bits."""
    counts = few.astype(np.int64)
    counts[few == MANY] = many
    return counts
