"""Search methods over an archive of segments: H-QuEST, and the methods that it is compared with.

A term is a token (a unigram), a document is a segment, and runs of a token count once everywhere. The papers leave
open what "DTW" may skip: here a query may lie anywhere in a segment, and a path's cost is the average over its cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from export.evaluate.archive_search.segments import Archive
from export.evaluate.archive_search.tf_idf import TfIdf, lengths
from export.evaluate.errors import EvaluationError
from export.systems.system import Encoded
from kwsd.archive.search.tfidf import greatest
from kwsd.scorers import compress, cosine_costs, smith_waterman_each, subsequence_dtw

if TYPE_CHECKING:
    from usearch.index import Index

SHORTLIST = 50  # K of H-QuEST: segments that are aligned after the lookup; bag of words + DTW has as many
NEIGHBOURS, EXPANSION = 16, 150  # of a vector in the graph, and candidates for them while it is built
LOOKED_AT = 2  # times as many candidates as are wanted are kept while the graph is searched
MATCH, MISMATCH, GAP = 2, -1, -2  # H-QuEST, eq. 6
TIE = 1e-3  # what the cosine weighs beside the alignment's share, to rank equal alignments

Allowed = NDArray[np.bool_] | None


class Ranked(NamedTuple):
    """Segments [k] int64, best first, and their scores [k], the greater the better."""

    segments: NDArray[np.int64]
    scores: NDArray[np.float64]


class Search(Protocol):
    """One way to find segments."""

    def search(self, query: Encoded, count: int, allowed: Allowed = None) -> Ranked:
        """At most `count` segments that suit a query, of those that are allowed [s], or of all."""


def best(scores: NDArray[np.floating], count: int, allowed: Allowed = None) -> Ranked:
    """The `count` greatest of scores [s] that are above -infinity; equal ones in the order of their numbers."""
    known = np.isfinite(scores)
    kept = greatest(scores, known if allowed is None else allowed & known, count)
    return Ranked(kept, scores[kept].astype(np.float64))


def above_zero(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """The scores [s], but -infinity where nothing is in common with the query."""
    return np.where(scores > 0, scores, -np.inf)


class BruteForce:
    """Cosine of TF-IDF with every segment (H-QuEST, eq. 3-5)."""

    def __init__(self, archive: Archive) -> None:
        self.terms = TfIdf(archive)
        self.lengths = lengths(self.terms.weights)

    def search(self, query: Encoded, count: int, allowed: Allowed = None) -> Ranked:
        """See `Search`."""
        weight = self.terms.weight_of(compress(query.tokens)[0])
        cosines = (self.terms.weights @ weight) / self.lengths / max(float(np.linalg.norm(weight)), 1e-9)
        return best(above_zero(cosines), count, allowed)


class InvertedIndex:
    """Sums of TF-IDF products over the posting lists of a query's tokens (H-QuEST, eq. 7)."""

    def __init__(self, archive: Archive) -> None:
        self.terms = TfIdf(archive)
        self.lists = self.terms.weights.tocsc()

    def search(self, query: Encoded, count: int, allowed: Allowed = None) -> Ranked:
        """See `Search`."""
        weight = self.terms.weight_of(compress(query.tokens)[0])
        sums = np.zeros(len(self.terms.tokens), np.float32)
        for token in np.flatnonzero(weight):
            posted = slice(*self.lists.indptr[token : token + 2])
            sums[self.lists.indices[posted]] += self.lists.data[posted] * weight[token]
        return best(above_zero(sums), count, allowed)


class Dtw:
    """Dynamic time warping of a query's vectors with every segment's, the query anywhere in it."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.first = np.searchsorted(archive.recording, np.arange(len(archive.recordings) + 1))

    def search(self, query: Encoded, count: int, allowed: Allowed = None) -> Ranked:
        """See `Search`; a score is a distance below 0."""
        scores = np.full(len(self.archive), -np.inf, np.float32)
        bounds = list(zip(self.archive.start.tolist(), self.archive.end.tolist(), strict=True))
        wanted = np.ones(len(self.archive), bool) if allowed is None else allowed
        for recording in np.unique(self.archive.recording[wanted]).tolist():
            costs = cosine_costs(self.archive.recordings[recording].z, query.z)
            first, after = self.first[recording], self.first[recording + 1]
            for segment in (first + np.flatnonzero(wanted[first:after])).tolist():
                start, end = bounds[segment]
                scores[segment] = -subsequence_dtw(costs[start:end])[0].min()
        return best(scores, count, allowed)


class BagOfWords:
    """A shortlist by the cosine of the counts of tokens (acoustic words), which DTW over vectors ranks."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.terms = TfIdf(archive)
        self.lengths = lengths(self.terms.shares)

    def search(self, query: Encoded, count: int, allowed: Allowed = None) -> Ranked:
        """See `Search`; no more than SHORTLIST are found."""
        share = self.terms.share_of(compress(query.tokens)[0])
        shortlist = best(above_zero((self.terms.shares @ share) / self.lengths), SHORTLIST, allowed).segments
        distances = [self._distance(query, segment) for segment in shortlist.tolist()]
        order = np.argsort(distances, kind="stable")[:count]
        return Ranked(shortlist[order], -np.array(distances, np.float64)[order])

    def _distance(self, query: Encoded, segment: int) -> float:
        start, end = self.archive.start[segment], self.archive.end[segment]
        z = self.archive.recordings[self.archive.recording[segment]].z[start:end]
        return float(subsequence_dtw(cosine_costs(z, query.z))[0].min())


class HQuest:
    """A graph of TF-IDF vectors (HNSW) gives a shortlist, which Smith-Waterman ranks (H-QuEST, eq. 3-6).

    A score is the alignment's share of what the query would score with itself, plus TIE times the cosine.

    Raises:
        EvaluationError: usearch is not installed.
    """

    def __init__(self, archive: Archive, shortlist: int = SHORTLIST) -> None:
        self.terms = TfIdf(archive)
        self.shortlist = shortlist
        # A segment of nothing but tokens that all segments have points nowhere: it has no cosine.
        filled = np.flatnonzero(np.asarray(self.terms.weights.sum(axis=1)).ravel() > 0)
        self.index = _graph(len(self.terms.rarity))
        if len(filled):
            self.index.add(filled, self.terms.weights[filled].toarray(), threads=1)

    def search(self, query: Encoded, count: int, allowed: Allowed = None) -> Ranked:
        """See `Search`; no more than the shortlist holds are found."""
        tokens = compress(query.tokens)[0]
        likely = self._candidates(self.terms.weight_of(tokens), allowed)
        others = [self.terms.tokens[segment] for segment in likely.segments.tolist()]
        if not others:
            return likely
        sizes = np.array([len(o) for o in others], np.int32)
        aligned, _, _ = smith_waterman_each(
            tokens, np.concatenate(others), sizes, match=MATCH, mismatch=MISMATCH, gap=GAP
        )
        scores = aligned / (MATCH * len(tokens)) + TIE * likely.scores
        order = np.argsort(-scores, kind="stable")[:count]
        return Ranked(likely.segments[order], scores[order])

    def _candidates(self, weight: NDArray[np.float32], allowed: Allowed) -> Ranked:
        """As many allowed segments as the shortlist holds, about those of the greatest cosines (eq. 5)."""
        size = len(self.index)
        wanted = min(self.shortlist, size) if weight.any() else 0
        while wanted:
            self.index.expansion_search = LOOKED_AT * wanted  # type: ignore[misc]  # its stub lacks the setter
            matches = self.index.search(weight, wanted, threads=1)
            keys = matches.keys.astype(np.int64)
            kept = np.ones(len(keys), bool) if allowed is None else allowed[keys]
            if wanted == size or kept.sum() >= self.shortlist:
                found = slice(0, self.shortlist)
                return Ranked(keys[kept][found], (1 - matches.distances[kept][found]).astype(np.float64))
            wanted = min(2 * wanted, size)
        return Ranked(np.zeros(0, np.int64), np.zeros(0))


class Aligned:
    """Smith-Waterman with every segment: what H-QuEST would find if no segment missed its shortlist."""

    def __init__(self, archive: Archive) -> None:
        self.terms = BruteForce(archive)
        self.tokens = np.concatenate(self.terms.terms.tokens)
        self.sizes = np.array([len(t) for t in self.terms.terms.tokens], np.int32)

    def search(self, query: Encoded, count: int, allowed: Allowed = None) -> Ranked:
        """See `Search`; scores are as those of `HQuest`."""
        tokens = compress(query.tokens)[0]
        aligned, _, _ = smith_waterman_each(tokens, self.tokens, self.sizes, match=MATCH, mismatch=MISMATCH, gap=GAP)
        scores = aligned / (MATCH * len(tokens))
        likely = self.terms.search(query, len(scores))
        scores[likely.segments] += TIE * likely.scores
        return best(above_zero(scores), count, allowed)


def _graph(dimensions: int) -> Index:
    """An empty graph of vectors that are compared by cosine."""
    try:
        from usearch.index import Index  # noqa: PLC0415 - needs an extra
    except ImportError as error:
        raise EvaluationError('H-QuEST needs usearch: install it with `pip install "kwsd[search]"`') from error
    return Index(ndim=dimensions, metric="cos", dtype="f32", connectivity=NEIGHBOURS, expansion_add=EXPANSION)


METHODS: Mapping[str, type[BagOfWords | Dtw | BruteForce | InvertedIndex | HQuest]] = {
    "boaw+dtw": BagOfWords,
    "dtw": Dtw,
    "tf-idf": BruteForce,
    "inverted": InvertedIndex,
    "hquest": HQuest,
}
