"""TF-IDF of the segments of an archive as sparse rows, weighted by `kwsd.archive.search.tfidf` (H-QuEST, eq. 3-4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from export.evaluate.archive_search.segments import Archive
from kwsd.archive.search.tfidf import frequencies, positive, rarity_from


class TfIdf:
    """Term frequencies and TF-IDF weights of the segments of an archive.

    Attributes:
        tokens: of each segment, runs once.
        rarity: [K] inverse document frequency (H-QuEST, eq. 4); 0 for a token that no segment has.
        shares: [s, K] sparse, term frequency (eq. 3).
        weights: [s, K] sparse, their product.
    """

    def __init__(self, archive: Archive) -> None:
        self.tokens = archive.tokens()
        counts = np.array([len(t) for t in self.tokens])
        columns = np.concatenate([np.zeros(0, np.int32), *self.tokens])
        rows = np.repeat(np.arange(len(counts)), counts)
        shape = (len(counts), int(columns.max(initial=0)) + 1)
        # One cell for all occurrences of a token in a segment: duplicates are added up.
        self.shares = csr_matrix((1 / counts[rows], (rows, columns)), shape=shape, dtype=np.float32)
        holding = np.bincount(self.shares.indices, minlength=shape[1])
        self.rarity = rarity_from(holding, len(counts))
        self.weights = self.shares.multiply(self.rarity).tocsr().astype(np.float32)

    def share_of(self, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
        """[K] the term frequencies of a query's tokens [t], runs once (eq. 3); unknown tokens have no place in it."""
        return frequencies(tokens, len(self.rarity))

    def weight_of(self, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
        """[K] TF-IDF of a query's tokens [t] (eq. 3-4)."""
        weight: NDArray[np.float32] = self.share_of(tokens) * self.rarity
        return weight


def lengths(rows: csr_matrix) -> NDArray[np.float32]:
    """[s] Euclidean lengths of sparse rows [s, K]; 1 for an empty one."""
    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return positive(norms).astype(np.float32)
