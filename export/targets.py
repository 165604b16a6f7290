"""The encoder's training targets: the teacher's vectors, centred, softly whitened, of unit length, and clustered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import trange

from export import kmeans
from kwsd.tokenizer.codebook import unit

FLOOR = 0.02  # eigenvalues below this share of the largest are not blown up further
ROUNDS = 25  # of k-means


@dataclass(frozen=True)
class Targets:
    """A linear map from teacher vectors to target vectors, and clusters of these.

    Attributes:
        mean: [96] the teacher's mean over speech.
        project: [96, dim] soft whitening by principal components.
        centroids: [K, dim] unit cluster centres.
    """

    mean: NDArray[np.float32]
    project: NDArray[np.float32]
    centroids: NDArray[np.float32]

    def __call__(self, teacher: NDArray[np.floating]) -> NDArray[np.float32]:
        """Unit target vectors [..., dim] of teacher vectors [..., 96]."""
        centred: NDArray[np.float32] = teacher.astype(np.float32) - self.mean
        return unit(centred @ self.project)

    def save(self, path: Path) -> None:
        """Write the map beside the prepared data."""
        with path.open("wb") as file:
            np.savez(file, mean=self.mean, project=self.project, centroids=self.centroids)

    @classmethod
    def load(cls, path: Path) -> Targets:
        """Read what `save` wrote."""
        with np.load(path) as data:
            return cls(data["mean"], data["project"], data["centroids"])


def fit(teacher: NDArray[np.float16], dim: int, tokens: int, seed: int) -> Targets:
    """Fit the map on a sample of the teacher's vectors, and the clusters on the mapped sample."""
    rng = np.random.default_rng(seed)
    sample = teacher[np.sort(rng.choice(len(teacher), 300_000, replace=False))].astype(np.float32)
    mean = sample.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((sample - mean).T))
    values, vectors = values[::-1][:dim], vectors[:, ::-1][:, :dim]
    project = (vectors / np.sqrt(values + FLOOR * values[0])).astype(np.float32)
    mapped = unit((sample - mean) @ project)
    return Targets(mean, project, clustered(mapped[:120_000], tokens, rng))


def clustered(
    x: NDArray[np.float32], tokens: int, rng: np.random.Generator, rounds: int = ROUNDS
) -> NDArray[np.float32]:
    """Unit centroids [K, dim] of unit rows [n, dim]: spherical k-means from rows drawn at random, see `export.kmeans`.

    A centroid that loses all its rows is moved to a random row.
    """
    first = x[rng.choice(len(x), tokens, replace=False)]
    progress = trange(rounds, desc="spherical k-means", unit="round")
    return kmeans.spherical(x, first, progress, kmeans.random_rows(rng))
