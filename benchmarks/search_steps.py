"""Ablation of archive search, from H-QuEST to `pairs` step by step: a part of `benchmarks.search`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from unittest.mock import patch

from kwsd.archive.search import dtw, pair_terms, pair_voting, tfidf
from kwsd.archive.search.hit import Ranked
from kwsd.archive.search.methods import METHODS, Method
from kwsd.archive.search.query import Query
from kwsd.archive.search.rounds import Rounds
from kwsd.archive.search.smith_waterman import tokens_of
from kwsd.archive.search.windows import Windows
from kwsd.archive.segments.regions import Regions
from kwsd.archive.segments.segment import Segment
from kwsd.tokenizer.codebook import Codebook

FEW = 200  # candidates, the most that the paper has


def windows_by_dtw(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Rounds[Ranked]:
    """The windows of nearest TF-IDF vectors, ranked by DTW; of one segment and one template."""
    (segment,), (template,) = segments, query.templates
    found = tfidf.by_brute_force(segment, tokens_of(template, codebook), FEW)
    regions = Regions.around(segment, *Windows(segment).bounds(found.number))
    return (yield from dtw.rank([regions], query, codebook, count))


def few_pairs(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Rounds[Ranked]:
    """As `pairs`, with few candidates."""
    found = yield from pair_voting.find(segments, query.templates, codebook, FEW)
    return (yield from dtw.rank(found, query, codebook, count))


def few_hard_pairs(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Rounds[Ranked]:
    """The same, where each end of a pair is taken for its nearest word only."""
    with patch.object(pair_terms, "NEAREST", 1):
        return (yield from few_pairs(segments, query, codebook, count))


STEPS: Mapping[str, Method] = {
    f"{FEW} windows by TF-IDF, Smith-Waterman (`exact`)": METHODS["exact"],
    f"{FEW} windows by TF-IDF, DTW": windows_by_dtw,
    f"{FEW} places by pairs of the nearest words, DTW": few_hard_pairs,
    f"{FEW} places by pairs of the {pair_terms.NEAREST} nearest words, DTW": few_pairs,
    f"{pair_voting.CANDIDATES} of them, DTW (`pairs`)": METHODS["pairs"],
    "everything, DTW (`dtw`)": METHODS["dtw"],
}
