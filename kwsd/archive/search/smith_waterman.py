"""Rank windows by Smith-Waterman (H-QuEST, eq. 6): each template's tokens are aligned with those of each candidate.

The score of a place is the mean over templates of the alignment's score divided by the template's score with itself.
Equal alignments are ranked by the scores of their windows as candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search.hit import Place, Ranked
from kwsd.archive.search.query import Query
from kwsd.archive.search.rounds import Limit, Rounds, Sum
from kwsd.archive.search.tfidf import Candidates
from kwsd.archive.search.windows import Windows
from kwsd.archive.segments.regions import quota
from kwsd.archive.segments.segment import Segment
from kwsd.scorers import compress, smith_waterman_each
from kwsd.tokenizer.codebook import Codebook, nearest

CANDIDATES = 200  # windows that are aligned with a template, the largest number in the paper
MATCH, MISMATCH, GAP = 2, -1, -2  # eq. 6
TIE_WEIGHT = 1e-3  # weight of the candidate's score, the alignment's having 1

CandidateSearch = Callable[[Segment, NDArray[np.uint8], int], Candidates]
"""(segment, tokens of a template, count) to the best windows."""


def rank(
    segments: Sequence[Segment], query: Query, codebook: Codebook, count: int, find: CandidateSearch
) -> Rounds[Ranked]:
    """The best `count` places in the windows that are found for any template."""
    query_tokens = [tokens_of(template, codebook) for template in query.templates]
    wanted = max(count, CANDIDATES)
    (frames,) = yield Sum([np.array(sum(len(segment) for segment in segments))])
    candidates = [
        _merge([find(segment, tokens, quota(wanted, len(segment), int(frames))) for tokens in query_tokens])
        for segment in segments
    ]
    least = yield from _least([one.score for one in candidates], wanted * len(query_tokens))
    found = [
        place
        for segment, one in zip(segments, candidates, strict=True)
        for place in _places(segment, query_tokens, one.part(one.score >= least))
    ]
    least = yield from _least([np.array([place.score for place in found])], count)
    return Ranked([place for place in found if place.score >= least])


def tokens_of(template: NDArray[np.float32], codebook: Codebook) -> NDArray[np.uint8]:
    """The tokens [t] of a template [n, m]: the first byte of each code, a run of equal bytes once."""
    return compress(nearest(template, codebook.stages[0]).astype(np.int32))[0].astype(np.uint8)


def _merge(candidates: Sequence[Candidates]) -> Candidates:
    """The windows that any template found, each with the highest of its scores."""
    number = np.concatenate([one.number for one in candidates])
    score = np.concatenate([one.score for one in candidates])
    order = np.lexsort([-score, number])
    once, first = np.unique(number[order], return_index=True)
    return Candidates(once, score[order][first])


def _least(scores: Sequence[NDArray[np.floating]], count: int) -> Rounds[float]:
    """The least of the `count` highest scores of all segments."""
    (limit,) = yield Limit.of([-np.concatenate([np.zeros(0), *scores])], count)
    return float(-limit)


def _places(segment: Segment, query_tokens: Sequence[NDArray[np.uint8]], candidates: Candidates) -> list[Place]:
    """The best alignment of the nearest template in each window, if any token matches."""
    windows = Windows(segment)
    window_tokens = windows.tokens(candidates.number)
    found = [_aligned(tokens, window_tokens.token, window_tokens.count) for tokens in query_tokens]
    share, start, end = (np.stack(column) for column in zip(*found, strict=True))
    chosen = share.argmax(axis=0)[None]
    start, end = (np.take_along_axis(each, chosen, axis=0)[0] for each in (start, end))
    first = np.cumsum(window_tokens.count) - window_tokens.count
    edge = np.append(window_tokens.onset, 0)
    after = np.where(end < window_tokens.count, edge[first + end], windows.bounds(candidates.number)[1])
    score = share.mean(axis=0) + TIE_WEIGHT * candidates.score
    return [
        Place(float(score[row]), segment, int(edge[first[row] + start[row]]), int(after[row]))
        for row in np.flatnonzero(end > start)
    ]


def _aligned(
    tokens: NDArray[np.uint8], others: NDArray[np.uint8], counts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]:
    """The share [w] of its own score that a template reaches in each window, and where, in tokens of the window."""
    score, start, end = smith_waterman_each(
        tokens.astype(np.int32),
        others.astype(np.int32),
        counts.astype(np.int32),
        match=MATCH,
        mismatch=MISMATCH,
        gap=GAP,
    )
    return score / (MATCH * len(tokens)), start, end
