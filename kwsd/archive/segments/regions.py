"""Stretches of a segment where something may be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.segment import Segment

GENEROSITY, FEW = 2, 50


def share(count: int, part: int, whole: int) -> int:
    """How many of the best so many may lie in one segment: generously more than its part of the whole."""
    return min(count, math.ceil(GENEROSITY * count * part / max(whole, 1)) + FEW)


@dataclass(frozen=True)
class Regions:
    """Stretches of one segment, each within a document that was not removed.

    Attributes:
        segment: where they are.
        begin, end: [r] int64, the codes from begin to end.
    """

    segment: Segment
    begin: NDArray[np.int64]
    end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.begin)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[r] codes in each."""
        return self.end - self.begin

    def part(self, rows: NDArray[np.intp]) -> Regions:
        """Some of them."""
        return Regions(self.segment, self.begin[rows], self.end[rows])

    @classmethod
    def join(cls, several: Sequence[Regions]) -> Regions:
        """Those of one segment together; there must be at least one."""
        begin, end = (np.concatenate([getattr(one, name) for one in several]) for name in ("begin", "end"))
        return cls(several[0].segment, begin, end)

    @classmethod
    def whole(cls, segment: Segment) -> Regions:
        """All that is in a segment, document by document."""
        bounds = segment.documents.bounds
        filled = segment.alive & (np.diff(bounds) > 0)
        return cls(segment, bounds[:-1][filled], bounds[1:][filled])

    @classmethod
    def around(cls, segment: Segment, begin: NDArray[np.int64], end: NDArray[np.int64]) -> Regions:
        """These stretches, cut at the bounds of documents into as many as it needs, without what was removed."""
        begin, end = np.maximum(begin, 0), np.minimum(end, len(segment.codes))
        bounds, first = segment.documents.bounds, segment.documents.at(begin)
        last, crossing = first.copy(), np.flatnonzero(end > bounds[first + 1])
        last[crossing] = segment.documents.at(end[crossing] - 1)
        count = last - first + 1
        rows = np.repeat(np.arange(len(begin)), count)
        documents = first[rows] + np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        begin = np.maximum(begin[rows], bounds[documents])
        end = np.minimum(end[rows], bounds[documents + 1])
        kept = segment.alive[documents] & (end > begin)
        return cls(segment, begin[kept], end[kept])
