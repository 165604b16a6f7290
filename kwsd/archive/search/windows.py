"""The windows of a segment, which are the documents of TF-IDF, and the tokens in them.

Windows are computed from the bounds of a segment's documents and not stored: 2.4 s every 1.2 s, none across two
documents. Removed documents keep their windows' numbers, for a segment never changes. A token is the first byte of a
code; a run of equal ones counts once (Wav2Tok, eq. 13).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.segment import Segment

WINDOW, STEP = 30, 15  # codes


@dataclass(frozen=True)
class Tokens:
    """The tokens of some windows, one window after another.

    Attributes:
        token: [t] uint8.
        onset: [t] int64, the code of the segment at which its run begins.
        count: [w] int64 tokens in each window.
    """

    token: NDArray[np.uint8]
    onset: NDArray[np.int64]
    count: NDArray[np.int64]

    @property
    def window(self) -> NDArray[np.int64]:
        """[t] which of the windows each token is in."""
        return np.repeat(np.arange(len(self.count)), self.count)


class Windows:
    """The windows of a segment, numbered in the order of its codes.

    Attributes:
        segment: the segment.
        first: [d + 1] int64, the number of each document's first window.
    """

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        frames = np.diff(segment.documents.bounds)
        counts = np.where(frames > 0, np.maximum(-(-(frames - WINDOW) // STEP), 0) + 1, 0)
        self.first = np.concatenate([[0], np.cumsum(counts)])

    def __len__(self) -> int:
        return int(self.first[-1])

    def bounds(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First code [w], and code after the last one [w], of these windows [w]."""
        bounds = self.segment.documents.bounds
        document = self._document(numbers)
        begin = bounds[document] + (numbers - self.first[document]) * STEP
        return begin, np.minimum(begin + WINDOW, bounds[document + 1])

    def at(self, codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which windows hold each of these codes [n]: their numbers, and the index of the code, pair by pair."""
        document = self.segment.documents.at(codes)
        step = (codes - self.segment.documents.bounds[document]) // STEP
        number = self.first[document] + np.stack([step - 1, step])
        held = (number >= self.first[document]) & (number < self.first[document + 1])
        return number[held], np.nonzero(held)[1]

    def alive(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """[w] whether the documents of these windows were not removed."""
        return self.segment.alive[self._document(numbers)]

    @cached_property
    def share_alive(self) -> float:
        """The share of the windows whose documents were not removed."""
        counts = np.diff(self.first)
        return float(counts[self.segment.alive].sum() / max(len(self), 1))

    def tokens(self, numbers: NDArray[np.int64]) -> Tokens:
        """The tokens of these windows [w]."""
        begin, end = self.bounds(numbers)
        places = np.minimum(
            begin[:, None] + np.arange(WINDOW), end[:, None] - 1
        )  # the padding repeats the last code, which adds no token
        codes = self.segment.words(places)
        fresh = np.ones(codes.shape, bool)
        fresh[:, 1:] = codes[:, 1:] != codes[:, :-1]
        return Tokens(codes[fresh], places[fresh], fresh.sum(axis=1))

    def _document(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self.first, numbers, "right") - 1
