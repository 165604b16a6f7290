"""Search methods: each finds candidate regions for a query and ranks the places in them.

Methods:

* `pairs`: pairs of codes vote for places, DTW ranks them.
* `dtw`: DTW over all codes, which `pairs` approximates.
* `hquest`: a graph of TF-IDF vectors of tokens finds windows, Smith-Waterman ranks the places in them (H-QuEST).
* `exact`: the same with every window's TF-IDF vector, which `hquest` approximates.
* `inverted`: the same with sums over an inverted index of tokens (H-QuEST, eq. 7).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kwsd.archive.search import dtw, dtw_scan, hnsw, pair_voting, smith_waterman, tfidf
from kwsd.archive.search.hit import Hit, Place, best, distinct
from kwsd.archive.search.query import Query
from kwsd.archive.segments.regions import Regions
from kwsd.archive.segments.segment import Segment
from kwsd.errors import ConfigError
from kwsd.tokenizer.codebook import MERGED, Codebook

CANDIDATES_PER_HIT = 8  # many places overlap

Method = Callable[[Sequence[Segment], Query, Codebook, int], Sequence[Place]]
"""(segments, query, codebook, count) to the best `count` places, some of which may overlap."""


def search(
    segments: Sequence[Segment], query: Query, codebook: Codebook, hop: float, *, method: str = "pairs", top: int = 20
) -> list[Hit]:
    """The best hits for a query, best first; none of them overlaps a better one.

    Args:
        segments: to search in.
        query: the phrase, made with the model that the segments were built with.
        codebook: of that model.
        hop: seconds between that model's frames.
        method: one of METHODS.
        top: number of hits.

    Raises:
        ConfigError: there is no such method, or `top` is not positive.
        ArchiveError: the method needs something that the segments lack, or one is damaged.
    """
    if method not in METHODS:
        raise ConfigError(f'there is no method "{method}": choose one of {", ".join(METHODS)}')
    if top < 1:
        raise ConfigError(f"the number of hits is {top}: give 1 or more")
    places = METHODS[method](segments, query, codebook, top * CANDIDATES_PER_HIT) if segments else ()
    return distinct((_hit(place, hop * MERGED) for place in best(places, 2 * top)), top)


def by_pairs(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Sequence[Place]:
    """The regions with the most votes of pairs of codes, ranked by DTW."""
    found = [pair_voting.find(segments, template, codebook) for template in query.templates]
    return dtw.rank([Regions.join(of_segment) for of_segment in zip(*found, strict=True)], query, codebook, count)


def by_dtw(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Sequence[Place]:
    """The places of lowest distance, by DTW over all codes."""
    found = [dtw_scan.find(segments, template, codebook, count) for template in query.templates]
    return dtw.rank([Regions.join(of_segment) for of_segment in zip(*found, strict=True)], query, codebook, count)


def by_hquest(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Sequence[Place]:
    """The windows with the nearest TF-IDF vectors by an HNSW graph, ranked by Smith-Waterman."""
    return smith_waterman.rank(segments, query, codebook, count, hnsw.by_graph)


def by_exact(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Sequence[Place]:
    """The windows with the nearest TF-IDF vectors by brute force, ranked by Smith-Waterman."""
    return smith_waterman.rank(segments, query, codebook, count, tfidf.by_brute_force)


def by_inverted(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Sequence[Place]:
    """The windows with the highest sums of TF-IDF products by an inverted index, ranked by Smith-Waterman."""
    return smith_waterman.rank(segments, query, codebook, count, tfidf.by_inverted_index)


METHODS: Mapping[str, Method] = {
    "pairs": by_pairs,
    "dtw": by_dtw,
    "hquest": by_hquest,
    "exact": by_exact,
    "inverted": by_inverted,
}


def _hit(place: Place, hop: float) -> Hit:
    documents = place.segment.documents
    index = int(documents.at(np.array([place.begin]))[0])
    document = documents[index]
    first = int(documents.bounds[index])
    start = document.origin + (place.begin - first - 0.5) * hop
    end = document.origin + (place.end - first - 0.5) * hop
    heard = None if math.isnan(document.began) else document.began + start
    begin = max(0.0, start)
    return Hit(document.path, begin, max(begin, min(document.seconds, end)), place.score, heard)
