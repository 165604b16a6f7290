"""Rank regions by DTW: each template of a query is aligned with each candidate region, over codes or vectors.

Subsequence DTW (Müller 2007, section 4.4) over cosine distances. Templates are vectors; the archive's vectors are
decoded from codes. The distance of a region is the mean over templates of the lowest distance in it. A region that is
near to the query's negatives gets a little farther.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search import kernels
from kwsd.archive.search.hit import Place, Ranked
from kwsd.archive.search.probability import COHORT
from kwsd.archive.search.query import Query
from kwsd.archive.search.rounds import Limit, Rounds
from kwsd.archive.search.threads import in_threads, threads
from kwsd.archive.segments.quantizer import SCALE
from kwsd.archive.segments.regions import Regions
from kwsd.archive.segments.segment import Segment
from kwsd.scorers import PackedVectors
from kwsd.tokenizer.codebook import Codebook

MOST_ALIKE = 4  # regions with the same alignment, on average; where there are more, it takes a little longer
AT_ONCE = 1 << 18  # vectors in one matrix product, or in those of all threads
FAR = np.float32(0.6)  # distance from which on a negative does not count
NEGATIVE = np.float32(0.1)  # how much farther a region gets for each unit that it is nearer than that to the negatives


@dataclass(frozen=True)
class Alignments:
    """Alignments of a template that end at each code of some regions, one region after another.

    Attributes:
        distance: [n] float32, infinite where the template cannot end.
        span: [n] int32, number of codes that the alignment covers.
    """

    distance: NDArray[np.float32]
    span: NDArray[np.int32]


def by_codes(regions: Regions, template: NDArray[np.float32], codebook: Codebook) -> Alignments:
    """The alignments of a template [L, m] float32 with the vectors decoded from the codes."""
    segment = regions.segment
    tables = _tables(template, codebook, segment.stages)
    return Alignments(*kernels.align(segment.rows, segment.norms, segment.gains, tables, regions.begin, regions.end))


def _tables(template: NDArray[np.float32], codebook: Codebook, stages: int) -> NDArray[np.float32]:
    """[stages, 256, L] the inner products of the code words with the template's vectors."""
    return Codebook(codebook.centroids, codebook.stages[:stages]).products(template)


def by_vectors(regions: Regions, template: NDArray[np.float32]) -> Alignments:
    """The alignments of a template [L, m] float32 with the stored 8-bit vectors."""
    vectors, lengths = regions.segment.vectors, regions.lengths
    rows = np.arange(lengths.sum()) + np.repeat(regions.begin - (np.cumsum(lengths) - lengths), lengths)
    packed, costs = PackedVectors(template / np.float32(SCALE)), np.empty((len(rows), len(template)), np.float32)
    at_once = AT_ONCE // threads()
    for first in range(0, len(rows), at_once):
        part = rows[first : first + at_once]
        np.maximum(packed.cosine_costs(vectors[part]), 0, out=costs[first : first + at_once])
    return Alignments(*kernels.align_costs(costs, lengths))


def rank(found: Sequence[Regions], query: Query, codebook: Codebook, count: int) -> Rounds[Ranked]:
    """The `count` regions of lowest distance, each as the place of its best alignment; over vectors where stored."""
    votes = _vote(found, query, partial(_nearest, codebook=codebook, again=False))
    apart = max(min(map(len, query.templates)) // 2, 1)  # no alignment is shorter, so that two in one would overlap
    wanted = max(count, COHORT)
    near = yield from votes.distinct(apart, wanted).nearest(wanted)
    if any(segment.vectors.shape[1] for segment in near.segments):
        near = _vote(near.found(), query, partial(_nearest, codebook=codebook, again=True))
    distances = np.sort(near.distance[np.isfinite(near.distance)])[:COHORT].tolist()
    near = yield from near.nearest(count)
    return Ranked(near.places(), distances)


@dataclass(frozen=True)
class _Votes:
    """Regions of several segments, the mean distance of the templates in each, and the nearest alignment.

    Attributes:
        segments: where the regions are.
        number: [r] the number of each region's segment, ascending.
        region: [r, 2] its first code, and the code after the last one.
        distance: [r] float32.
        begin, end: [r] of the nearest alignment.
    """

    segments: Sequence[Segment]
    number: NDArray[np.intp]
    region: NDArray[np.int64]
    distance: NDArray[np.float32]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]

    def part(self, rows: NDArray[np.intp]) -> _Votes:
        region, distance = self.region[rows], self.distance[rows]
        return _Votes(self.segments, self.number[rows], region, distance, self.begin[rows], self.end[rows])

    def distinct(self, apart: int, count: int) -> _Votes:
        """As `lowest`, of regions whose nearest alignments end in the same `apart` codes of a document the nearest."""
        near = self.lowest(MOST_ALIKE * count)._first(apart).lowest(count)
        return near if len(near.number) >= count else self._first(apart).lowest(count)

    def _first(self, apart: int) -> _Votes:
        tables = [segment.documents for segment in self.segments]
        last = self._by_segment(self.end - 1)
        begun = _joined([table.bounds[table.at(codes)] for table, codes in zip(tables, last, strict=True)])
        lengths = np.array([0, *map(len, self.segments)])
        place = np.cumsum(lengths)[self.number] + begun + (self.end - 1 - begun) // apart * apart
        return self.part(np.sort(_lowest_of_each(place, self.distance)))

    def lowest(self, count: int) -> _Votes:
        """The `count` of lowest distance in which every template can end, and those that are as near as the last."""
        wanted = min(count, int(np.isfinite(self.distance).sum()))
        most = np.partition(self.distance, wanted - 1)[wanted - 1] if wanted else -np.inf
        return self.part(np.flatnonzero(self.distance <= most))

    def nearest(self, count: int) -> Rounds[_Votes]:
        """As `lowest`, of the whole index."""
        finite = np.isfinite(self.distance)
        (most,) = yield Limit.of([self.distance[finite]], count)
        return self.part(np.flatnonzero((self.distance <= most) & finite))

    def _by_segment(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """The rows [r, ...] of the regions of each segment; there may be no segment."""
        cuts = np.searchsorted(self.number, np.arange(1, len(self.segments)))
        return np.split(rows, cuts)[: len(self.segments)]

    def found(self) -> list[Regions]:
        """The regions, segment by segment."""
        return [
            Regions(segment, *np.ascontiguousarray(rows.T))
            for segment, rows in zip(self.segments, self._by_segment(self.region), strict=True)
        ]

    def places(self) -> list[Place]:
        columns = (self.distance.tolist(), self.number.tolist(), self.begin.tolist(), self.end.tolist())
        return [
            Place(1 - distance, self.segments[number], begin, end)
            for distance, number, begin, end in zip(*columns, strict=True)
        ]


def _lowest_of_each(group: NDArray[np.int64], value: NDArray[np.float32]) -> NDArray[np.intp]:
    """For each group, [r] as the values are, the row of its lowest value, the first if there are several."""
    if not len(group):
        return np.zeros(0, np.intp)
    order = np.argsort(group, kind="stable")  # a sixth of the time of a sort by both
    fresh = np.diff(group[order], prepend=-1) > 0
    lowest = np.minimum.reduceat(value[order], np.flatnonzero(fresh))
    number = np.cumsum(fresh) - 1
    found = np.flatnonzero(value[order] == lowest[number])
    chosen: NDArray[np.intp] = order[found[np.diff(number[found], prepend=-1) > 0]]
    return chosen


Nearest = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]
"""[r] the lowest distance of a template in each region, the code after that alignment, and how many it covers."""


def _vote(found: Sequence[Regions], query: Query, nearest: Callable[..., Nearest]) -> _Votes:
    each = [nearest(found, template) for template in query.templates]
    distance, ends, spans = (np.stack([one[column] for one in each]) for column in range(3))
    chosen, rows = distance.argmin(axis=0), np.arange(distance.shape[1])
    end = ends[chosen, rows]
    mean = distance.mean(axis=0) + _push([nearest(found, negative)[0] for negative in query.negatives])
    region = np.stack([_joined([one.begin for one in found]), _joined([one.end for one in found])], axis=1)
    number = np.repeat(np.arange(len(found)), np.array([len(one) for one in found], np.intp))
    return _Votes([one.segment for one in found], number, region, mean, end - spans[chosen, rows], end)


def _nearest(found: Sequence[Regions], template: NDArray[np.float32], codebook: Codebook, again: bool) -> Nearest:
    """Over vectors if it is done again and they are stored, else over codes."""
    tables = _tables(template, codebook, max((one.segment.stages for one in found), default=1))

    def of_segment(regions: Regions) -> Nearest:
        by_stored = again and regions.segment.vectors.shape[1]
        return _nearest_by_vectors(regions, template) if by_stored else _nearest_by_codes(regions, tables)

    parts = in_threads(of_segment, found)
    nothing = (np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0, np.int32))
    distance, end, span = (np.concatenate(columns) for columns in zip(nothing, *parts, strict=True))
    return distance, end, span


def _joined(arrays: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *arrays])


def _nearest_by_codes(regions: Regions, tables: NDArray[np.float32]) -> Nearest:
    segment = regions.segment
    used = tables[: segment.stages]
    distance, last, span = kernels.nearest(segment.rows, segment.norms, segment.gains, used, regions.begin, regions.end)
    return distance, last + 1, span


def _nearest_by_vectors(regions: Regions, template: NDArray[np.float32]) -> Nearest:
    found, lengths = by_vectors(regions, template), regions.lengths
    at = kernels.lowest(found.distance, lengths)
    return found.distance[at], regions.begin + at - (np.cumsum(lengths) - lengths) + 1, found.span[at]


def _push(negatives: Sequence[NDArray[np.float32]]) -> NDArray[np.float32] | float:
    """[r] how much farther regions get because negatives, at these distances [r], are near."""
    if not negatives:
        return 0.0
    push: NDArray[np.float32] = NEGATIVE * (FAR - np.minimum(np.stack(negatives), FAR)).mean(axis=0)
    return push
