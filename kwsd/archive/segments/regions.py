"""Regions of a segment that may hold a phrase."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.segment import Segment

QUOTA_FACTOR, QUOTA_EXTRA = 2, 50


def quota(count: int, part: int, whole: int) -> int:
    """Of `count` candidates, how many may come from a segment with `part` of all `whole` codes: more than its share."""
    return min(count, math.ceil(QUOTA_FACTOR * count * part / max(whole, 1)) + QUOTA_EXTRA)


@dataclass(frozen=True)
class Regions:
    """Regions of one segment, each within one document that was not removed.

    Attributes:
        segment: the segment.
        begin, end: [r] int64, first code and code after the last one.
    """

    segment: Segment
    begin: NDArray[np.int64]
    end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.begin)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[r] number of codes in each."""
        return self.end - self.begin

    def part(self, rows: NDArray[np.intp]) -> Regions:
        """The regions of these rows."""
        return Regions(self.segment, self.begin[rows], self.end[rows])

    @classmethod
    def join(cls, several: Sequence[Regions]) -> Regions:
        """Concatenate regions of one segment, at least one item."""
        begin, end = (np.concatenate([getattr(one, name) for one in several]) for name in ("begin", "end"))
        return cls(several[0].segment, begin, end)

    @classmethod
    def whole(cls, segment: Segment) -> Regions:
        """One region for each document of a segment that is not empty and was not removed."""
        bounds = segment.documents.bounds
        filled = segment.alive & (np.diff(bounds) > 0)
        return cls(segment, bounds[:-1][filled], bounds[1:][filled])

    @classmethod
    def around(cls, segment: Segment, begin: NDArray[np.int64], end: NDArray[np.int64]) -> Regions:
        """Regions from begin [n] to end [n], split at the bounds of documents, without removed documents."""
        begin, end = np.maximum(begin, 0), np.minimum(end, len(segment))
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
