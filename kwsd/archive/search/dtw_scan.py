"""Find regions by DTW over all codes of a segment: exact and slow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search.dtw import by_codes, by_vectors
from kwsd.archive.search.rounds import Limit, Rounds
from kwsd.archive.search.threads import in_threads, threads
from kwsd.archive.segments.regions import Regions
from kwsd.archive.segments.segment import Segment
from kwsd.tokenizer.codebook import Codebook

AT_ONCE = 1 << 20  # codes whose alignments all threads hold in memory at a time, or one document's if it has more
MARGIN = 2  # codes added on both sides, for the alignments of other templates


def find(
    segments: Sequence[Segment], templates: Sequence[NDArray[np.float32]], codebook: Codebook, count: int
) -> Rounds[list[Regions]]:
    """For each segment the regions around each template's nearest alignments, `count` in all if there are so many."""
    dips = [
        in_threads(partial(_dips, template=template, codebook=codebook, count=count), segments)
        for template in templates
    ]
    limits = yield Limit.of([np.concatenate([_NONE, *(one.distance for one in each)]) for each in dips], count)
    regions = [[one.within(limit) for one in each] for each, limit in zip(dips, limits, strict=True)]
    return [Regions.join(of_segment) for of_segment in zip(*regions, strict=True)]


_NONE = np.zeros(0, np.float32)


@dataclass(frozen=True)
class _Dips:
    """Local minima of the distance of a template in a segment.

    Attributes:
        segment: the segment.
        distance: [n] float32.
        begin, end: [n] int64, first code of the alignment, and code after the last one.
    """

    segment: Segment
    distance: NDArray[np.float32]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]

    def within(self, limit: float) -> Regions:
        """The regions around those that are not farther."""
        near = self.distance <= limit
        return Regions.around(self.segment, self.begin[near] - MARGIN, self.end[near] + MARGIN)


def _dips(segment: Segment, template: NDArray[np.float32], codebook: Codebook, count: int) -> _Dips:
    """The lowest `count` local minima of each part of a segment."""
    found = [_dips_of(part, template, codebook, count) for part in _parts(segment)]
    nothing = (_NONE, np.zeros(0, np.int64), np.zeros(0, np.int64))
    return _Dips(segment, *(np.concatenate(columns) for columns in zip(nothing, *found, strict=True)))


def _parts(segment: Segment) -> Iterator[Regions]:
    whole = Regions.whole(segment)
    batch = np.cumsum(whole.lengths) // (AT_ONCE // threads())
    return (whole.part(np.flatnonzero(batch == number)) for number in np.unique(batch))


def _dips_of(
    regions: Regions, template: NDArray[np.float32], codebook: Codebook, count: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Distance, first code, and code after the last one of the lowest `count` local minima; all finite."""
    kept = regions.segment.vectors.shape[1]
    found = by_vectors(regions, template) if kept else by_codes(regions, template, codebook)
    padded = np.concatenate([[np.inf], found.distance, [np.inf]])
    dips = np.flatnonzero((padded[1:-1] <= padded[:-2]) & (padded[1:-1] < padded[2:]))
    near = dips[np.argsort(found.distance[dips], kind="stable")[:count]]
    firsts = np.cumsum(regions.lengths) - regions.lengths
    region = np.searchsorted(firsts, near, "right") - 1
    end = regions.begin[region] + near - firsts[region] + 1
    return found.distance[near], end - found.span[near].astype(np.int64), end
