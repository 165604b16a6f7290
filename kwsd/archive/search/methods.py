"""Search methods: each finds candidate regions for a query and ranks the places in them.

Methods:

* `pairs`: pairs of codes vote for places, DTW ranks them.
* `dtw`: DTW over all codes, which `pairs` approximates.
* `hquest`: a graph of TF-IDF vectors of tokens finds windows, Smith-Waterman ranks the places in them (H-QuEST).
* `exact`: the same with every window's TF-IDF vector, which `hquest` approximates.
* `inverted`: the same with sums over an inverted index of tokens (H-QuEST, eq. 7).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kwsd.archive.search import dtw, dtw_scan, hnsw, pair_voting, smith_waterman, tfidf
from kwsd.archive.search.hit import Hit, Place, Ranked, best, distinct, in_recording
from kwsd.archive.search.probability import COHORT, Weights, chance
from kwsd.archive.search.query import Query
from kwsd.archive.search.rounds import Rounds, together
from kwsd.archive.segments.segment import Segment
from kwsd.errors import ArchiveError, ConfigError
from kwsd.tokenizer.codebook import MERGED, Codebook

PLACES_PER_HIT = 8  # many overlap
FEWEST_PLACES = 200  # that a method gives, whatever the number of hits
CANNOT_TELL = (
    "how probable a hit is cannot be told: that needs the shipped model, the method pairs or dtw, and ten minutes of "
    "speech or more to compare with: search without --at-least"
)

Method = Callable[[Sequence[Segment], Query, Codebook, int], Rounds[Ranked]]
"""(segments, query, codebook, count) to the best `count` places."""


@dataclass(frozen=True)
class Found:
    """What was found in an index, or in a part of it.

    Attributes:
        hits: the best, best first. Those of a part may be among the rejected ones of the query.
        distances: [n] of the nearest places, ascending, for `kwsd.archive.search.probability`; empty for methods that
            compare tokens.
        codes: that were searched, those of removed documents left out.
    """

    hits: list[Hit]
    distances: list[float]
    codes: int

    @classmethod
    def merge(cls, parts: Sequence[Found], query: Query, top: int) -> Found:
        """What was found in the whole index: the best `top` hits, none of which overlaps a better one."""
        every = heapq.merge(*(part.hits for part in parts), key=lambda hit: -hit.score)
        first = itertools.islice(every, _enough(query, top))
        hits = distinct((hit for hit in first if not any(hit.overlaps(wrong) for wrong in query.rejected)), top)
        distances = sorted(distance for part in parts for distance in part.distances)[:COHORT]
        return cls(hits, distances, sum(part.codes for part in parts))

    def probable(self, weights: Weights | None, recordings: int, at_least: float = 0.0) -> list[Hit]:
        """The hits with their probabilities, as far as they can be told, without those below `at_least`.

        Args:
            weights: of this kind of index, None if there are none.
            recordings: number of the query's.
            at_least: from 0 to 1.

        Raises:
            ArchiveError: hits of a probability are asked for, and it cannot be told.
        """
        by = chance(self.distances, self.codes)
        if weights and by:
            judged = [replace(hit, probability=weights.probability(1 - hit.score, by, recordings)) for hit in self.hits]
            return [hit for hit in judged if (hit.probability or 0.0) >= at_least]
        if at_least > 0 and self.hits:
            raise ArchiveError(CANNOT_TELL)
        return self.hits


def find(
    segments: Sequence[Segment], query: Query, codebook: Codebook, hop: float, *, method: str = "pairs", top: int = 20
) -> Found:
    """The best hits for a query, best first, and how near the nearest places are.

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
    return Found.merge(together([find_in_part(segments, query, codebook, hop, method=method, top=top)]), query, top)


def find_in_part(
    segments: Sequence[Segment], query: Query, codebook: Codebook, hop: float, *, method: str, top: int
) -> Rounds[Found]:
    """What is found in these segments of an index whose other segments are searched elsewhere; see `find`.

    `Found.merge` makes the result of the whole from those of all parts.
    """
    if method not in METHODS:
        raise ConfigError(f'there is no method "{method}": choose one of {", ".join(METHODS)}')
    if top < 1:
        raise ConfigError(f"the number of hits is {top}: give 1 or more")
    found = yield from METHODS[method](segments, query, codebook, max(top * PLACES_PER_HIT, FEWEST_PLACES))
    hits = [_hit(place, hop * MERGED) for place in best(found.places, _enough(query, top))]
    return Found(hits, list(found.distances), sum(segment.searched for segment in segments))


def _enough(query: Query, top: int) -> int:
    """How many hits are enough, some of which are rejected, or told twice by a log."""
    return 2 * top + len(query.rejected)


def by_pairs(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Rounds[Ranked]:
    """The regions with the most votes of pairs of codes, ranked by DTW."""
    found = yield from pair_voting.find(segments, query.templates, codebook, pair_voting.CANDIDATES)
    return (yield from dtw.rank(found, query, codebook, count))


def by_dtw(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Rounds[Ranked]:
    """The places of lowest distance, by DTW over all codes."""
    found = yield from dtw_scan.find(segments, query.templates, codebook, max(count, COHORT))
    return (yield from dtw.rank(found, query, codebook, count))


def by_hquest(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Rounds[Ranked]:
    """The windows with the nearest TF-IDF vectors by an HNSW graph, ranked by Smith-Waterman."""
    return smith_waterman.rank(segments, query, codebook, count, hnsw.by_graph)


def by_exact(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Rounds[Ranked]:
    """The windows with the nearest TF-IDF vectors by brute force, ranked by Smith-Waterman."""
    return smith_waterman.rank(segments, query, codebook, count, tfidf.by_brute_force)


def by_inverted(segments: Sequence[Segment], query: Query, codebook: Codebook, count: int) -> Rounds[Ranked]:
    """The windows with the highest sums of TF-IDF products by an inverted index, ranked by Smith-Waterman."""
    return smith_waterman.rank(segments, query, codebook, count, tfidf.by_inverted_index)


METHODS: Mapping[str, Method] = {
    "pairs": by_pairs,
    "dtw": by_dtw,
    "hquest": by_hquest,
    "exact": by_exact,
    "inverted": by_inverted,
}


def _hit(place: Place, step: float) -> Hit:
    documents = place.segment.documents
    number = int(documents.at(np.array([place.begin]))[0])
    first = int(documents.bounds[number])
    codes = (place.begin - first, place.end - first)
    return in_recording(documents[number], *codes, step, place.score, place.segment.folder.name)
