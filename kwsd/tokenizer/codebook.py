"""What a model's tokens and codes stand for.

A *token* is the centroid nearest to a vector, 25 a second, compared by edit distance. A *code* is two frames' vector in
a few bytes: each stage of a residual quantizer takes up what the stages before left over. Templates stay vectors: only
the stream is rounded (asymmetric distance, Jégou et al. 2011, section 3.2; residual stages, Chen et al. 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MERGED = 2  # frames that one code stands for


@dataclass(frozen=True)
class Codebook:
    """The discrete side of a tokenizer.

    Attributes:
        centroids: [K, m] one unit vector a token; their angles say how unlike two tokens sound.
        stages: [s, 256, m] code words; a vector is about the sum of one word of each stage.
    """

    centroids: NDArray[np.float32]
    stages: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.centroids)

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The codes [n, s] of vectors [n, m]: stage by stage the word nearest to what is left."""
        left = vectors.astype(np.float32)
        codes = np.empty((len(left), len(self.stages)), np.uint8)
        for stage, words in enumerate(self.stages):
            codes[:, stage] = nearest(left, words)
            left = left - words[codes[:, stage]]
        return codes

    def decode(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The unit vectors [n, m] that codes [n, s] stand for."""
        return unit(gathered(self.stages, codes))


def nearest(vectors: NDArray[np.float32], words: NDArray[np.float32]) -> NDArray[np.intp]:
    """[n] the index of the word [k, m] nearest to each vector [n, m]."""
    index: NDArray[np.intp] = (vectors @ words.T - (words**2).sum(axis=1) / 2).argmax(axis=1)
    return index


def gathered(rows: NDArray[np.float32], codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[n, k] the sum over stages of the row of [s, 256, k] that each code [n, s] names."""
    total: NDArray[np.float32] = rows[0][codes[:, 0]]
    for stage in range(1, len(rows)):
        total += rows[stage][codes[:, stage]]
    return total


def merged(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors [ceil(n / MERGED), m] that stand for so many of the given [n, m] each, or what is left of them."""
    pairs = np.arange(0, len(vectors), MERGED)
    return unit(np.add.reduceat(vectors, pairs, axis=0)) if len(pairs) else vectors


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors [..., m] of length 1."""
    out: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return out
