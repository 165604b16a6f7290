"""Token sequences: substitution costs, and the compression of repeated tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.scorers import checks


def substitution_costs(codebook: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cost of substituting one token for another: the angle between their centroids, scaled to a mean of 1.

    Args:
        codebook: float32 [K, m] centroids, of any length but 0.

    Returns:
        float32 [K, K], symmetric, 0 on the diagonal, at most 2; angles obey the triangle inequality, and so do these.

    Raises:
        ValueError: the codebook is not a matrix, or a centroid is 0 or not finite.
    """
    centroids = checks.vectors(codebook, "codebook").astype(np.float64)
    norms = np.linalg.norm(centroids, axis=1, keepdims=True)
    if not (np.isfinite(norms).all() and norms.all()):
        raise ValueError("every centroid of the codebook must be finite and not zero")
    units = centroids / norms
    angles = np.arccos(np.clip(units @ units.T, -1, 1))
    np.fill_diagonal(angles, 0)
    different = len(angles) * (len(angles) - 1)
    scale = angles.sum() / different if angles.any() else 1
    costs: NDArray[np.float64] = (angles + angles.T) / (2 * scale)
    return costs.clip(0, checks.LARGEST_SUBSTITUTION).astype(np.float32)


def compress(tokens: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Each run of a repeated token as one token, with its first frame and the frame after its last: Wav2Tok, eq. 13.

    Args:
        tokens: int32 [n], n may be 0.

    Returns:
        tokens: int32 [r], no two neighbours equal.
        onset: int64 [r] frames.
        offset: int64 [r] frames; the next run's onset.

    Raises:
        ValueError: tokens are not an int32 vector.
    """
    given = checks.token_vector(tokens)
    changes = np.flatnonzero(np.diff(given)) + 1
    edges = np.concatenate([[0], changes, [len(given)]]) if len(given) else np.zeros(1, np.int64)
    return given[edges[:-1]], edges[:-1], edges[1:]


def mean_vectors(
    vectors: NDArray[np.float32], onset: NDArray[np.int64], offset: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The mean vector of each run, scaled to unit length: Wav2Tok, eq. 14.

    Args:
        vectors: float32 [n, m].
        onset: [r] first frame of each run.
        offset: [r] the frame after its last.

    Returns:
        float32 [r, m]; a run whose mean is 0 stays 0.

    Raises:
        ValueError: a run is empty or reaches beyond the vectors.
    """
    if len(onset) != len(offset) or np.any(onset < 0) or np.any(onset >= offset) or np.any(offset > len(vectors)):
        raise ValueError(f"every run must have a frame or more, within the {len(vectors)} vectors")
    means = [vectors[first:last].mean(axis=0) for first, last in zip(onset, offset, strict=True)]
    stacked = np.array(means, dtype=np.float32).reshape(len(means), vectors.shape[1])
    norms = np.linalg.norm(stacked, axis=1, keepdims=True)
    np.divide(stacked, norms, out=stacked, where=norms > 0)
    return stacked
