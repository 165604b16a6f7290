"""Posting lists: where in a segment each pair of codes is.

A pair is the first byte of a code and that of the code 160 ms later, 65,536 terms in all. The lists are stored as
Elias-Fano lists, see `kwsd.archive.segments.elias_fano`. They follow from the codes: where a segment has none, or an
older kwsd stored them otherwise, all codes are read for each query.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments import elias_fano, pairs
from kwsd.archive.storage.array_file import Arrays
from kwsd.errors import ArchiveError

GAP = 2  # codes from the first code of a pair to the second
WORDS = 256  # values of a code's first byte
TERMS = WORDS * WORDS
MANY = 255  # a count from which on it is stored in 32 bits


Read = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Lists:
    """The posting lists of some pairs.

    Attributes:
        counts: [l] int64 how often each of the pairs occurs.
        read: given which of the lists, [k], the places int32 at which their pairs begin, each list ascending, and where
            in these each list begins and ends, two [k] int64; it raises an ArchiveError if a list names no place of the
            segment, whose file is damaged.
    """

    counts: NDArray[np.int64]
    read: Callable[[NDArray[np.int64]], Read]

    @property
    def places(self) -> NDArray[np.int32]:
        """All places, list after list; errors as of `read`."""
        return self.read(np.arange(len(self.counts)))[0]


class Pairs(ABC):
    """Where in a segment pairs of codes are."""

    @abstractmethod
    def lists(self, terms: NDArray[np.int64]) -> Lists:
        """The posting lists of these pairs [l], which ascend."""

    def starting_with(self, word: int) -> NDArray[np.int32]:
        """[k] the places of all pairs whose first code has this byte, list after list; errors as of `Lists`."""
        return self.lists(np.arange(word * WORDS, (word + 1) * WORDS)).places


class CodesInTurn(Pairs):
    """Where pairs are, read from the codes: a thousand hours take about 60 ms of a core.

    Args:
        rows: of codes, see `kwsd.archive.segments.alternation`.
        stages: bytes of a whole code.
        bounds: [d + 1] of the documents.
    """

    def __init__(self, rows: NDArray[np.uint8], stages: int, bounds: NDArray[np.int64]) -> None:
        self._rows, self._stages, self._bounds = rows, stages, bounds

    def lists(self, terms: NDArray[np.int64]) -> Lists:
        """The posting lists of these pairs [l], which ascend."""
        counts, places = pairs.find(self._rows, self._stages, self._bounds, terms)
        last = np.cumsum(counts)
        first = last - counts
        return Lists(counts, lambda which: (places, first[which], last[which]))


class PostingLists(Pairs):
    """Where pairs are, by the posting lists that a segment stores.

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
        places = np.flatnonzero(begins_pair(bounds)).astype(np.int32)
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

    def lists(self, terms: NDArray[np.int64]) -> Lists:
        """The posting lists of these pairs [l], which ascend."""
        return Lists(self._lists[0][terms], lambda which: self._decoded(terms[which]))

    def _decoded(self, terms: NDArray[np.int64]) -> Read:
        counts, begins = (each[terms] for each in self._lists)
        try:
            places = elias_fano.decode(self._stream, begins, counts, max(self._frames, 1))
        except ValueError:
            raise ArchiveError(
                f"{self._segment} is damaged, its posting lists are wrong: run `kwsd index verify`"
            ) from None
        last = np.cumsum(counts)
        return places, last - counts, last

    @cached_property
    def _lists(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """[TERMS] the number of places of each pair, and the bit at which its list begins."""
        counts = np.zeros(TERMS, np.int64)
        counts[np.unpackbits(self._known).astype(bool)] = counts_of(self._few, self._many)
        return counts, elias_fano.begins(counts, max(self._frames, 1))


def begins_pair(bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """[n] whether a pair begins with each code of documents with these bounds [d + 1]; with the last GAP none does."""
    begins = np.ones(bounds[-1], bool)
    for before in range(1, GAP + 1):
        begins[np.maximum(bounds[1:] - before, bounds[:-1])[np.diff(bounds) > 0]] = False
    return begins


def counts_of(few: NDArray[np.uint8], many: NDArray[np.uint32]) -> NDArray[np.int64]:
    """[k] the numbers of places that are stored as bytes [k], those from MANY on as 32 bits."""
    counts = few.astype(np.int64)
    counts[few == MANY] = many
    return counts
