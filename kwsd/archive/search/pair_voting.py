"""Find regions by votes of pairs of codes, see `kwsd.archive.search.pair_terms`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search import kernels
from kwsd.archive.search.pair_terms import FINE, PairTerms, pair_terms
from kwsd.archive.search.rounds import Limit, Rounds, Sum
from kwsd.archive.search.threads import in_threads
from kwsd.archive.segments.posting_lists import Lists
from kwsd.archive.segments.regions import Regions, quota
from kwsd.archive.segments.segment import Segment
from kwsd.tokenizer.codebook import Codebook

CANDIDATES = 10_000  # windows of the whole index that are aligned, for each template
RARE = 200  # where fewer than one window in so many is wanted, each has more votes than one pair can give


def find(
    segments: Sequence[Segment], templates: Sequence[NDArray[np.float32]], codebook: Codebook, count: int
) -> Rounds[list[Regions]]:
    """For each segment the regions with the most votes of the templates' [L, m] pairs; about `count` a template."""
    terms = [pair_terms(template, codebook.stages[0]) for template in templates]
    known = np.unique(np.concatenate([one.key for one in terms]))
    lists = in_threads(lambda segment: segment.pairs.lists(known), segments)
    counts = np.sum([np.zeros(len(known), np.int64), *(one.counts for one in lists)], axis=0)
    frames, counts = yield Sum([np.array(sum(len(segment) for segment in segments)), counts])
    rarity = _rarity(counts, int(frames))
    ballots = [
        _Ballot(segments, lists, one, np.searchsorted(known, one.key), len(template))
        for one, template in zip(terms, templates, strict=True)
    ]
    votes = [ballot.votes(rarity, count) for ballot in ballots]
    limits = yield Limit.of([-np.concatenate([_NONE, *(one.score for one in each)]) for each in votes], count)
    regions = [
        _regions(segments, [one.from_score(-limit) for one in each], len(template))
        for each, limit, template in zip(votes, limits, templates, strict=True)
    ]
    return [Regions.join(of_segment) for of_segment in zip(*regions, strict=True)]


_NONE = np.zeros(0, np.int32)


@dataclass(frozen=True)
class _Votes:
    """Windows [w] int32 of a segment, and their scores [w] int32."""

    window: NDArray[np.int32]
    score: NDArray[np.int32]

    def from_score(self, least: float) -> _Votes:
        """Those with so many votes or more."""
        kept = np.flatnonzero(self.score >= least)
        return _Votes(self.window[kept], self.score[kept])


class _Ballot:
    """The pairs of a template of some length, and which [l] of the lists each segment has for them."""

    def __init__(
        self,
        segments: Sequence[Segment],
        lists: Sequence[Lists],
        terms: PairTerms,
        which: NDArray[np.int64],
        length: int,
    ) -> None:
        self._segments, self._lists, self._terms = segments, lists, terms
        self._shift = (length // 2 - terms.place).astype(np.int32)
        self._once, self._which = np.unique(which, return_inverse=True)

    def votes(self, rarity: NDArray[np.float32], count: int) -> list[_Votes]:
        """For each segment the windows with the most votes; the best `count` of all segments are among them."""
        weight = np.rint(self._terms.weight * rarity[self._once][self._which] * FINE).astype(np.int32)
        return self._above_first(weight, count) or self._one_by_one(weight, count)

    def _above_first(self, weight: NDArray[np.int32], count: int) -> list[_Votes] | None:
        """The windows with more votes than the last of a few best of the first segment; None if they are too few.

        As these few are more than its share, they are hardly ever too few, and nearly all windows are passed over
        quickly.
        """
        frames = [len(segment) for segment in self._segments]
        few = quota(count, frames[0], sum(frames)) if frames else count
        if few == count:
            return None
        rare = few * RARE < frames[0] // kernels.BLOCK
        above = int(weight.max(initial=0)) if rare else 0
        first = self._windows(0, weight, few, above)
        if above and len(first.score) < few:
            return None
        least = _least([first], few)
        found = [first.from_score(least + 1)]
        others = partial(self._windows, weight=weight, count=count, above=least)
        found += in_threads(others, range(1, len(frames)))
        return found if sum(len(one.score) for one in found) >= count else None

    def _one_by_one(self, weight: NDArray[np.int32], count: int) -> list[_Votes]:
        """The best windows, each segment's with as many votes as the least that counts in those before, or more."""
        found: list[_Votes] = []
        for number in range(len(self._segments)):
            found.append(self._windows(number, weight, count, max(_least(found, count) - 1, 0)))
        return found

    def _windows(self, number: int, weight: NDArray[np.int32], count: int, above: int) -> _Votes:
        """The `count` windows of a segment with the most votes, and with more than a number."""
        used, frames = np.flatnonzero(weight), max(len(self._segments[number]), 1)
        (places, first, last), which = self._lists[number].read(self._once), self._which[used]
        voted = kernels.vote(places, first[which], last[which], self._shift[used], weight[used], frames, count, above)
        return _Votes(*voted)


def _least(found: Sequence[_Votes], count: int) -> int:
    """The least of the best so many scores; 0 if there are fewer."""
    if sum(len(one.score) for one in found) < count:
        return 0
    return int(np.partition(np.concatenate([one.score for one in found]), -count)[-count])


def _rarity(counts: NDArray[np.int64], frames: int) -> NDArray[np.float32]:
    """The inverse document frequency [l] of each term, a code being a document (H-QuEST, eq. 4)."""
    rarity: NDArray[np.float32] = np.log(np.maximum(frames / np.maximum(counts, 1), 1)).astype(np.float32)
    return rarity


def _regions(segments: Sequence[Segment], votes: Sequence[_Votes], length: int) -> list[Regions]:
    """For each segment the regions around its windows, see `_around`."""
    return in_threads(lambda one: _around(*one, length), list(zip(segments, votes, strict=True)))


def _around(segment: Segment, votes: _Votes, length: int) -> Regions:
    """Windows with more votes than their neighbours, widened by the template's length on both sides."""
    order = np.argsort(votes.window)
    window, score, bounds = votes.window[order], votes.score[order], segment.documents.bounds
    return Regions(segment, *kernels.around(window, score, length, bounds, segment.alive))
