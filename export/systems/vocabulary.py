"""The codebook of a system: unit centroids that spherical k-means fits to what the encoder says (Wav2Tok, eq. 11)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from export.systems.system import TrainingError
from kwsd.tokenizer.codebook import unit

ROUNDS = 10
ATTEMPTS = 3  # from different beginnings, of which the best is kept


def refined(x: NDArray[np.float32], centroids: NDArray[np.float32], rounds: int = ROUNDS) -> NDArray[np.float32]:
    """Unit centroids [K, m] after some rounds of spherical k-means on unit rows [n, m], from centroids on.

    A centroid keeps its number, so that tokens mean the same before and after. One that loses all its rows is moved to
    the row that is farthest from its centroid.
    """
    for _ in range(rounds):
        cosines = x @ centroids.T
        nearest, closest = cosines.argmax(axis=1), cosines.max(axis=1)
        sums = np.zeros_like(centroids)
        np.add.at(sums, nearest, x)
        empty = np.flatnonzero(np.bincount(nearest, minlength=len(centroids)) == 0)
        sums[empty] = x[np.argsort(closest)[: len(empty)]] if len(x) >= len(empty) else centroids[empty]
        centroids = unit(sums)
    return centroids


def fitted(x: NDArray[np.float32], tokens: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Unit centroids [K, m] fitted to unit rows [n, m], begun by k-means++ with cosine distances.

    Raises:
        TrainingError: there are fewer rows than centroids.
    """
    if len(x) < tokens:
        raise TrainingError(f"there are {len(x)} frames for {tokens} tokens: train on more, or with fewer tokens")
    found = [refined(x, seeded(x, tokens, rng)) for _ in range(ATTEMPTS)]
    return max(found, key=lambda centroids: float((x @ centroids.T).max(axis=1).mean()))


def seeded(x: NDArray[np.float32], tokens: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Rows [K, m] drawn in proportion to how far each is from those drawn before (Arthur & Vassilvitskii 2007)."""
    chosen = [x[rng.integers(len(x))]]
    far = np.full(len(x), np.inf)
    for _ in range(tokens - 1):
        far = np.minimum(far, np.maximum(1 - x @ chosen[-1], 1e-9))
        chosen.append(x[rng.choice(len(x), p=far / far.sum())])
    return np.stack(chosen)
