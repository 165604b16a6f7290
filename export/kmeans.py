"""K-means: spherical (Wav2Tok, eq. 11) for tokens, and Euclidean for the stages of a residual quantizer.

Both begin from given centroids, so that whoever calls decides how these are drawn. The order of the arithmetic and of
the random draws is part of the result: the shipped weights and recorded results were made with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from kwsd.tokenizer.codebook import nearest, unit

Rows = NDArray[np.float32]
# Of the cosines [n, K] of rows with centroids, the numbers of so many rows that empty clusters are moved to.
Replacement = Callable[[NDArray[np.float32], int], NDArray[np.integer]]


def spherical(x: Rows, centroids: Rows, rounds: Iterable[object], replacement: Replacement) -> Rows:
    """Unit centroids [K, m] that locally maximise the mean cosine of each row with its nearest (Wav2Tok, eq. 11).

    A centroid keeps its number from round to round.

    Args:
        x: [n, m] unit rows.
        centroids: [K, m] unit vectors to begin with.
        rounds: one element for each round.
        replacement: which rows take the place of centroids that lose all their rows; these stay as they are if it
            names none.
    """
    for _ in rounds:
        cosines = x @ centroids.T
        sums, counts = _clustered(x, cosines.argmax(axis=1), len(centroids))
        empty = np.flatnonzero(counts == 0)
        rows = replacement(cosines, len(empty))
        sums[empty] = x[rows] if len(rows) == len(empty) else centroids[empty]
        centroids = unit(sums)
    return centroids


def euclidean(x: Rows, centroids: Rows, rounds: int, rng: np.random.Generator) -> Rows:
    """Centroids [K, m] that locally minimise the squared distance of each row [n, m] to its nearest.

    A centroid that loses all its rows is moved to a random row.
    """
    for _ in range(rounds):
        sums, counts = _clustered(x, nearest(x, centroids), len(centroids))
        others = x[rng.choice(len(x), len(centroids))]
        centroids = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], others).astype(np.float32)
    return centroids


def random_rows(rng: np.random.Generator) -> Replacement:
    """Empty clusters are moved to rows drawn at random."""
    return lambda cosines, count: rng.choice(len(cosines), count)


def farthest_rows(cosines: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Empty clusters are moved to the rows that are farthest from their centroids; to none where rows are too few."""
    if not count or len(cosines) < count:
        return np.zeros(0, np.intp)
    found: NDArray[np.intp] = np.argsort(cosines.max(axis=1))[:count]
    return found


def plus_plus(x: Rows, clusters: int, rng: np.random.Generator) -> Rows:
    """Unit rows [K, m] drawn in proportion to how far each is, by cosine, from those drawn before.

    K-means++ (Arthur & Vassilvitskii 2007) with cosine distances.
    """
    chosen = [x[rng.integers(len(x))]]
    far = np.full(len(x), np.inf)
    for _ in range(clusters - 1):
        far = np.minimum(far, np.maximum(1 - x @ chosen[-1], 1e-9))
        chosen.append(x[rng.choice(len(x), p=far / far.sum())])
    return np.stack(chosen)


def _clustered(x: Rows, labels: NDArray[np.intp], clusters: int) -> tuple[Rows, NDArray[np.intp]]:
    """The sum [K, m] and the number [K] of the rows of each cluster."""
    sums = np.zeros((clusters, x.shape[1]), x.dtype)
    np.add.at(sums, labels, x)
    return sums, np.bincount(labels, minlength=clusters)
