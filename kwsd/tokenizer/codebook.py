"""The codebook of a model: the centroids of its tokens, and the residual quantizer of its codes.

A *token* is the centroid nearest to a vector, 25 a second. A *code* is two frames' vector in a few bytes: each stage of
a residual quantizer takes up what the stages before left over. The stages after the first also refine a token, for the
edit distance. Templates stay vectors: only the stream is rounded (asymmetric distance, Jégou et al. 2011, section 3.2;
residual stages, Chen et al. 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwsd.scorers import PackedVectors

MERGED = 2  # frames that one code stands for
SHARE = np.float32(0.56)  # of a vector that its token stands for: their mean cosine in speech


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
        for stage, (words, known) in enumerate(zip(self.stages, self._words, strict=True)):
            codes[:, stage] = known.nearest(left)
            left = left - words[codes[:, stage]]
        return codes

    def sum_tables(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What a search for the sum of words nearest to vectors [n, m] needs of the words.

        Returns:
            products: [n, s, 256] inner products of the vectors with the words of each stage.
            halves: [s, 256] half the squared lengths of the words.
        """
        products = np.stack([known.products(vectors) for known in self._words], axis=1)
        return products, np.stack([known.halves for known in self._words])

    @cached_property
    def crosses(self) -> NDArray[np.float32]:
        """[s, s, 256, 256] the inner products of the words of each stage with those of each other."""
        stages, words, _ = self.stages.shape
        rows = np.stack([self.products(stage) for stage in self.stages])
        return rows.reshape(stages, stages, words, words).transpose(0, 1, 3, 2).copy()

    def decode(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The unit vectors [n, m] that codes [n, s] stand for."""
        return unit(gathered(self.stages, codes))

    @cached_property
    def books(self) -> tuple[NDArray[np.float32], ...]:
        """The words [K, m] and [256, m] of the tokens that `refined` gives; a vector is about the sum of theirs."""
        return SHARE * self.centroids, *self.stages[1:]

    def refined(self, vectors: NDArray[np.float32], tokens: NDArray[np.int32]) -> NDArray[np.intp]:
        """[n, s] the token of each vector [n, m], and tokens for what those before leave over.

        The token takes the place of the first stage of codes; the stages after it refine it.
        """
        found, left = [tokens.astype(np.intp)], vectors - self.books[0][tokens]
        for words, known in zip(self.books[1:], self._words[1:], strict=True):
            found.append(known.nearest(left))
            left = left - words[found[-1]]
        return np.stack(found, axis=1)

    def products(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The inner products [s, 256, k] of every code word with vectors [k, m], at least one."""
        words = self.stages.reshape(-1, self.stages.shape[2])
        return PackedVectors(vectors).inner_products(words).reshape(*self.stages.shape[:2], len(vectors))

    @cached_property
    def _words(self) -> tuple[Words, ...]:
        return tuple(map(Words, self.stages))


class Words:
    """Code words [k, m] that many vectors are compared with.

    Attributes:
        halves: [k] half the squared length of each.
    """

    def __init__(self, words: NDArray[np.float32]) -> None:
        self._packed = PackedVectors(words)
        self.halves = (words**2).sum(axis=1) / 2

    def nearest(self, vectors: NDArray[np.float32]) -> NDArray[np.intp]:
        """[n] the index of the word nearest to each vector [n, m]; of equally near ones the first."""
        index: NDArray[np.intp] = (self.products(vectors) - self.halves).argmax(axis=1)
        return index

    def products(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """[n, k] the inner products of vectors [n, m] with the words."""
        return self._packed.inner_products(vectors)


def nearest(vectors: NDArray[np.float32], words: NDArray[np.float32]) -> NDArray[np.intp]:
    """[n] the index of the word [k, m] nearest to each vector [n, m]."""
    return Words(words).nearest(vectors)


def gathered(rows: Sequence[NDArray[np.float32]] | NDArray[np.float32], codes: NDArray[Any]) -> NDArray[np.float32]:
    """[n, k] the sum over s tables [words, k] of the row of each that the codes [n, s] name."""
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
