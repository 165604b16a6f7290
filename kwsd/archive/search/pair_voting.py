"""Find regions by votes of pairs of codes, see `kwsd.archive.search.pair_terms`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search import kernels
from kwsd.archive.search.pair_terms import FINE, PairTerms, pair_terms
from kwsd.archive.search.rounds import Limit, Rounds, Sum
from kwsd.archive.segments.regions import Regions
from kwsd.archive.segments.segment import Segment
from kwsd.tokenizer.codebook import Codebook

CANDIDATES = 5000  # windows of the whole index that are aligned, for each template
WINDOW = 2 * kernels.BLOCK  # codes


def find(
    segments: Sequence[Segment], templates: Sequence[NDArray[np.float32]], codebook: Codebook, count: int
) -> Rounds[list[Regions]]:
    """For each segment the regions with the most votes of the templates' [L, m] pairs; about `count` a template."""
    ballots = [_Ballot(segments, template, pair_terms(template, codebook.stages[0])) for template in templates]
    frames = sum(len(segment.codes) for segment in segments)
    frames, *counts = yield Sum([np.array(frames), *(ballot.total for ballot in ballots)])
    votes = [ballot.votes(_rarity(total, int(frames)), count) for ballot, total in zip(ballots, counts, strict=True)]
    limits = yield Limit.of([-np.concatenate([_NONE, *(one.score for one in each)]) for each in votes], count)
    regions = [
        [_around(segment, one.from_score(-limit), len(template)) for segment, one in zip(segments, each, strict=True)]
        for each, limit, template in zip(votes, limits, templates, strict=True)
    ]
    return [Regions.join(of_segment) for of_segment in zip(*regions, strict=True)]


_NONE = np.zeros(0, np.int32)


@dataclass(frozen=True)
class _Votes:
    """Windows [w] int64 of a segment, and their scores [w] int32."""

    window: NDArray[np.int64]
    score: NDArray[np.int32]

    def from_score(self, least: float) -> _Votes:
        return _Votes(self.window[self.score >= least], self.score[self.score >= least])


class _Ballot:
    """The pairs of a template, and how often each occurs in each segment."""

    def __init__(self, segments: Sequence[Segment], template: NDArray[np.float32], terms: PairTerms) -> None:
        self._segments, self._middle, self._terms = segments, len(template) // 2, terms
        self._counts = [segment.pairs.counts(terms.key) for segment in segments]

    @property
    def total(self) -> NDArray[np.int64]:
        """[l] how often each term occurs in these segments."""
        total: NDArray[np.int64] = np.sum([np.zeros(len(self._terms.key), np.int64), *self._counts], axis=0)
        return total

    def votes(self, rarity: NDArray[np.float32], count: int) -> list[_Votes]:
        """For each segment the windows with the most votes; the best `count` of all segments are among them."""
        weight = np.rint(self._terms.weight * rarity * FINE).astype(np.int32)
        found, scores = [], _NONE
        for segment, many in zip(self._segments, self._counts, strict=True):
            used = (weight > 0) & (many > 0)
            shift = (self._middle - self._terms.place[used]).astype(np.int32)
            least = _least(scores, count)
            found.append(_windows(segment, self._terms.key[used], shift, weight[used], count, least))
            scores = np.concatenate([scores, found[-1].score])
        return found


def _least(scores: NDArray[np.int32], count: int) -> int:
    """The least of the best so many scores; 0 if there are fewer."""
    return int(np.partition(scores, -count)[-count]) if len(scores) >= count else 0


def _rarity(counts: NDArray[np.int64], frames: int) -> NDArray[np.float32]:
    """The inverse document frequency [l] of each term, a code being a document (H-QuEST, eq. 4)."""
    rarity: NDArray[np.float32] = np.log(np.maximum(frames / np.maximum(counts, 1), 1)).astype(np.float32)
    return rarity


def _windows(
    segment: Segment,
    terms: NDArray[np.int64],
    shift: NDArray[np.int32],
    weight: NDArray[np.int32],
    count: int,
    least: int,
) -> _Votes:
    """The windows with the most votes of terms [l] that occur, above the least that counts, and their scores."""
    once, which = np.unique(terms, return_inverse=True)
    places, counts = segment.pairs.places(once), segment.pairs.counts(once)
    last = np.cumsum(counts)
    first = last - counts
    frames = max(len(segment.codes), 1)
    window, score = kernels.vote(places, first[which], last[which], shift, weight, frames, count, least)
    return _Votes(window.astype(np.int64), score)


def _around(segment: Segment, votes: _Votes, length: int) -> Regions:
    """Windows with more votes than their neighbours, widened by the template's length on both sides."""
    order = np.argsort(votes.window)
    window, score = votes.window[order], votes.score[order]
    beside = np.diff(window) == 1
    outdone = np.zeros(len(window), bool)
    outdone[:-1] |= beside & (score[:-1] < score[1:])
    outdone[1:] |= beside & (score[1:] <= score[:-1])
    begin = window[~outdone] * kernels.BLOCK
    return Regions.around(segment, begin - length, begin + WINDOW + length)
