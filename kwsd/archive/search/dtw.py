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
from kwsd.archive.search.hit import Place
from kwsd.archive.search.query import Query
from kwsd.archive.search.rounds import Limit, Rounds
from kwsd.archive.segments.quantizer import GAINS, SCALE
from kwsd.archive.segments.regions import Regions
from kwsd.scorers import PackedVectors
from kwsd.tokenizer.codebook import Codebook

CONFIRMED = 300  # regions that are aligned again over vectors, where these are stored
AT_ONCE = 1 << 18  # vectors in one matrix product
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
    tables = Codebook(codebook.centroids, codebook.stages[: segment.codes.shape[1]]).products(template)
    return Alignments(*kernels.align(segment.codes, segment.norms, GAINS, tables, regions.begin, regions.end))


def by_vectors(regions: Regions, template: NDArray[np.float32]) -> Alignments:
    """The alignments of a template [L, m] float32 with the stored 8-bit vectors."""
    vectors, lengths = regions.segment.vectors, regions.lengths
    rows = np.arange(lengths.sum()) + np.repeat(regions.begin - (np.cumsum(lengths) - lengths), lengths)
    packed, costs = PackedVectors(template / np.float32(SCALE)), np.empty((len(rows), len(template)), np.float32)
    for first in range(0, len(rows), AT_ONCE):
        part = rows[first : first + AT_ONCE]
        np.maximum(packed.cosine_costs(vectors[part]), 0, out=costs[first : first + AT_ONCE])
    return Alignments(*kernels.align_costs(costs, lengths))


def rank(found: Sequence[Regions], query: Query, codebook: Codebook, count: int) -> Rounds[list[Place]]:
    """The `count` regions of lowest distance, each as the place of its best alignment; over vectors where stored."""
    votes = [_vote(regions, query, partial(by_codes, regions, codebook=codebook)) for regions in found]
    apart = max(min(map(len, query.templates)) // 2, 1)  # no alignment is shorter, so that two in one would overlap
    near = yield from _nearest([one.distinct(apart) for one in votes], max(count, CONFIRMED))
    near = yield from _nearest([_again(votes, query) for votes in near], count)
    return [place for votes in near for place in votes.places()]


@dataclass(frozen=True)
class _Votes:
    """[r] the mean distance of the templates in each region, and begin and end of the nearest alignment."""

    regions: Regions
    distance: NDArray[np.float32]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]

    def part(self, rows: NDArray[np.intp]) -> _Votes:
        return _Votes(self.regions.part(rows), self.distance[rows], self.begin[rows], self.end[rows])

    def distinct(self, apart: int) -> _Votes:
        """Of regions whose nearest alignments end in the same `apart` codes of a document the nearest."""
        documents = self.regions.segment.documents
        document = documents.at(self.end - 1)
        ends = (self.end - 1 - documents.bounds[document]) // apart
        order = np.lexsort((self.distance, ends, document))
        first = (np.diff(document[order], prepend=-1) > 0) | (np.diff(ends[order], prepend=-1) != 0)
        return self.part(np.sort(order[first]))

    def places(self) -> list[Place]:
        stretches = zip(self.distance.tolist(), self.begin.tolist(), self.end.tolist(), strict=True)
        return [Place(1 - distance, self.regions.segment, begin, end) for distance, begin, end in stretches]


def _nearest(votes: Sequence[_Votes], count: int) -> Rounds[list[_Votes]]:
    """Of all regions the `count` of lowest distance in which every template can end."""
    known = [one.distance[np.isfinite(one.distance)] for one in votes]
    (most,) = yield Limit.of([np.concatenate([np.zeros(0, np.float32), *known])], count)
    return [one.part(np.flatnonzero((one.distance <= most) & np.isfinite(one.distance))) for one in votes]


def _again(votes: _Votes, query: Query) -> _Votes:
    if not (votes.regions.segment.vectors.shape[1] and len(votes.regions)):
        return votes
    return _vote(votes.regions, query, partial(by_vectors, votes.regions))


def _vote(regions: Regions, query: Query, align: Callable[[NDArray[np.float32]], Alignments]) -> _Votes:
    alignments = [align(template) for template in query.templates]
    ends = np.stack([kernels.lowest(one.distance, regions.lengths) for one in alignments])
    distance = np.stack([one.distance[at] for one, at in zip(alignments, ends, strict=True)])
    span = np.stack([one.span[at] for one, at in zip(alignments, ends, strict=True)])
    chosen, rows = distance.argmin(axis=0), np.arange(len(regions))
    firsts = np.cumsum(regions.lengths) - regions.lengths
    end = regions.begin + ends[chosen, rows] - firsts + 1
    mean = distance.mean(axis=0) + _push(regions, [align(negative) for negative in query.negatives])
    return _Votes(regions, mean, end - span[chosen, rows], end)


def _push(regions: Regions, negatives: Sequence[Alignments]) -> NDArray[np.float32]:
    """[r] how much farther regions get because negatives are near."""
    if not negatives:
        return np.zeros(len(regions), np.float32)
    near = [one.distance[kernels.lowest(one.distance, regions.lengths)] for one in negatives]
    push: NDArray[np.float32] = NEGATIVE * (FAR - np.minimum(np.stack(near), FAR)).mean(axis=0)
    return push
