"""Distances of whole recordings, queries to items of a database: DTW over vectors, edit distance over tokens."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from export.systems.system import Encoded
from kwsd.scorers import compress, dtw_costs, edit_distances, mean_vectors

Distances = NDArray[np.float32]
MATCHINGS = ("dtw", "dtw, compressed", "edit", "edit, compressed")


def distances(queries: Sequence[Encoded], items: Sequence[Encoded], matching: str) -> Distances:
    """[q, d] by one of MATCHINGS; "compressed" takes a run of one token once (Wav2Tok, eq. 13-14)."""
    database = Database(items, matching)
    return np.stack([database(query) for query in queries])


def searched(queries: Sequence[Encoded], items: Sequence[Encoded], matching: str) -> tuple[Distances, float]:
    """The same [q, d], and the median CPU seconds of a query: it is compressed and compared with every item.

    The items are prepared once, before the clock starts, as a database's are.
    """
    database = Database(items, matching)
    found, seconds = [], []
    for query in queries:
        began = time.process_time()
        found.append(database(query))
        seconds.append(time.process_time() - began)
    return np.stack(found), float(np.median(seconds))


class Database:
    """Items, prepared once, that a query is compared with.

    Raises:
        ValueError: there is no such matching.
    """

    def __init__(self, items: Sequence[Encoded], matching: str) -> None:
        if matching not in MATCHINGS:
            raise ValueError(f'there is no matching "{matching}": choose from {"; ".join(MATCHINGS)}')
        self._warps = matching.startswith("dtw")
        self._compressed = matching.endswith("compressed")
        held = [compressed_of(item) for item in items] if self._compressed else items
        self._lengths = np.array([len(item.tokens) for item in held])
        ends = np.cumsum(self._lengths).tolist()
        self._spans = list(zip([0, *ends[:-1]], ends, strict=True))
        if self._warps:
            self._vectors = np.concatenate([item.z for item in held])
        else:
            self._tokens = np.concatenate([item.tokens for item in held])

    def __call__(self, query: Encoded) -> NDArray[np.float32]:
        """[d] how far the query is from each item."""
        if self._warps:
            return self._warped(compressed_of(query).z if self._compressed else query.z)
        return self._edited(compress(query.tokens)[0] if self._compressed else query.tokens)

    def _warped(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Average cosine distance along the best path."""
        costs = np.float32(1) - self._vectors @ z.T  # an item's rows are in one piece, as the kernel wants them
        return np.array([dtw_costs(costs[first:last]) for first, last in self._spans], np.float32)

    def _edited(self, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
        """Levenshtein distance over the length of the longer sequence."""
        longer = np.maximum(self._lengths, len(tokens)).astype(np.float32)
        found: NDArray[np.float32] = edit_distances(tokens, self._tokens, self._lengths) / longer
        return found


def compressed_of(encoded: Encoded) -> Encoded:
    """Each run of one token once, with its mean unit vector (Wav2Tok, eq. 13-14)."""
    tokens, onset, offset = compress(encoded.tokens)
    return Encoded(mean_vectors(encoded.z, onset, offset), tokens)
