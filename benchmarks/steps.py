"""What each step away from H-QuEST brings, with as few candidates as its paper has: a part of `benchmarks.search`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from unittest.mock import patch

from kwsd.archive import alignment, pairs, tfidf, voting
from kwsd.archive.hit import Place
from kwsd.archive.query import Query
from kwsd.archive.ranking import tokens_of
from kwsd.archive.regions import Regions
from kwsd.archive.search import METHODS, Method
from kwsd.archive.segment import Segment
from kwsd.archive.windows import Windows
from kwsd.codebook import Codebook

FEW = 200  # candidates, the most that the paper has


def windows_by_dtw(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Sequence[Place]:
    """The windows of nearest TF-IDF vectors, ranked by DTW; of one segment and one template."""
    (segment,), (template,) = segments, query.templates
    found = tfidf.by_brute_force(segment, tokens_of(template, codebook), FEW)
    return alignment.rank([Regions.around(segment, *Windows(segment).bounds(found.number))], query, codebook, count)


def few_pairs(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Sequence[Place]:
    """As `pairs`, with few candidates."""
    (template,) = query.templates
    return alignment.rank(voting.find(segments, template, codebook, FEW), query, codebook, count)


def few_hard_pairs(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Sequence[Place]:
    """The same, where each end of a pair is taken for its nearest word only."""
    with patch.object(pairs, "NEAREST", 1):
        return few_pairs(segments, query, codebook, count)


STEPS: Mapping[str, Method] = {
    f"{FEW} windows by TF-IDF, Smith-Waterman (`exact`)": METHODS["exact"],
    f"{FEW} windows by TF-IDF, DTW": windows_by_dtw,
    f"{FEW} places by pairs of the nearest words, DTW": few_hard_pairs,
    f"{FEW} places by pairs of the {pairs.NEAREST} nearest words, DTW": few_pairs,
    f"{voting.CANDIDATES} of them, DTW (`pairs`)": METHODS["pairs"],
    "everything, DTW (`dtw`)": METHODS["dtw"],
}
