"""Find regions by votes of pairs of codes, see `kwsd.archive.search.pair_terms`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search import kernels
from kwsd.archive.search.pair_terms import FINE, pair_terms
from kwsd.archive.segments.regions import Regions
from kwsd.archive.segments.segment import Segment
from kwsd.tokenizer.codebook import Codebook

CANDIDATES = 5000  # windows of all segments together that are aligned
WINDOW = 2 * kernels.BLOCK  # codes


def find(
    segments: Sequence[Segment], template: NDArray[np.float32], codebook: Codebook, count: int = CANDIDATES
) -> list[Regions]:
    """For each segment the regions with the most votes of the template's [L, m] pairs; about `count` in all."""
    looked_for = pair_terms(template, codebook.stages[0])
    counts = [segment.pairs.counts(looked_for.key) for segment in segments]
    rarity = _rarity(counts, sum(len(segment.codes) for segment in segments))
    weight = np.rint(looked_for.weight * rarity * FINE).astype(np.int32)
    found, scores = [], np.zeros(0, np.int32)
    for segment, many in zip(segments, counts, strict=True):
        used = (weight > 0) & (many > 0)
        shift = (len(template) // 2 - looked_for.place[used]).astype(np.int32)
        window, score = _windows(segment, looked_for.key[used], shift, weight[used], count, _least(scores, count))
        found.append((window, score))
        scores = np.concatenate([scores, score])
    least = _least(scores, count)
    return [
        _around(segment, window[score >= least], score[score >= least], len(template))
        for segment, (window, score) in zip(segments, found, strict=True)
    ]


def _least(scores: NDArray[np.int32], count: int) -> int:
    """The least of the best so many scores; 0 if there are fewer."""
    return int(np.partition(scores, -count)[-count]) if len(scores) >= count else 0


def _rarity(counts: Sequence[NDArray[np.int64]], frames: int) -> NDArray[np.float32]:
    """The inverse document frequency [l] of each term, a code being a document (H-QuEST, eq. 4)."""
    rarity: NDArray[np.float32] = np.log(np.maximum(frames / np.maximum(np.sum(counts, axis=0), 1), 1)).astype(
        np.float32
    )
    return rarity


def _windows(
    segment: Segment,
    terms: NDArray[np.int64],
    shift: NDArray[np.int32],
    weight: NDArray[np.int32],
    count: int,
    least: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The windows with the most votes of terms [l] that occur, above the least that counts, and their scores."""
    once, which = np.unique(terms, return_inverse=True)
    places, counts = segment.pairs.places(once), segment.pairs.counts(once)
    last = np.cumsum(counts)
    first = last - counts
    frames = max(len(segment.codes), 1)
    window, score = kernels.vote(places, first[which], last[which], shift, weight, frames, count, least)
    return window.astype(np.int64), score


def _around(segment: Segment, window: NDArray[np.int64], score: NDArray[np.int32], length: int) -> Regions:
    """Windows with more votes than their neighbours, widened by the template's length on both sides."""
    order = np.argsort(window)
    window, score = window[order], score[order]
    beside = np.diff(window) == 1
    outdone = np.zeros(len(window), bool)
    outdone[:-1] |= beside & (score[:-1] < score[1:])
    outdone[1:] |= beside & (score[1:] <= score[:-1])
    begin = window[~outdone] * kernels.BLOCK
    return Regions.around(segment, begin - length, begin + WINDOW + length)
