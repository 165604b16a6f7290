"""The codebook of a system: unit centroids of the encoder's vectors, by spherical k-means (Wav2Tok, eq. 11)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from export import kmeans
from export.systems.system import TrainingError

ROUNDS = 10
ATTEMPTS = 3  # from different beginnings, of which the best is kept


def refined(x: NDArray[np.float32], centroids: NDArray[np.float32], rounds: int = ROUNDS) -> NDArray[np.float32]:
    """Unit centroids [K, m] after some rounds of spherical k-means on unit rows [n, m], from centroids on.

    A centroid keeps its number, so that tokens mean the same before and after. One that loses all its rows is moved to
    the row that is farthest from its centroid.
    """
    return kmeans.spherical(x, centroids, range(rounds), kmeans.farthest_rows)


def fitted(x: NDArray[np.float32], tokens: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Unit centroids [K, m] fitted to unit rows [n, m], begun by k-means++ with cosine distances.

    Raises:
        TrainingError: there are fewer rows than centroids.
    """
    if len(x) < tokens:
        raise TrainingError(f"there are {len(x)} frames for {tokens} tokens: train on more, or with fewer tokens")
    found = [refined(x, kmeans.plus_plus(x, tokens, rng)) for _ in range(ATTEMPTS)]
    return max(found, key=lambda centroids: float((x @ centroids.T).max(axis=1).mean()))
