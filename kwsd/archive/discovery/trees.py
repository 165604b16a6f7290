"""Which windows of an archive are most like each other, by random projection trees (Dasgupta & Freund 2008).

A tree halves the windows again and again by their products with the difference of two of them, until a leaf has a few
windows. Those of a leaf are compared with each other. A tree misses many pairs; several trees miss few. The work grows
with the number of windows and its logarithm, not with its square.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.discovery import kernels

LEAF = 32  # windows in a leaf, at most
TREES = 24
NEAREST = 8  # windows that are noted for each window
NONE = np.int64(np.iinfo(np.int64).max)  # sorts behind every window, and its lower half is -1


@dataclass(frozen=True)
class Neighbours:
    """Pairs of windows that are like each other.

    Attributes:
        one, other: [p] int32 vectors with which the windows begin; `one` is the earlier.
        score: [p] int32 the inner product of the windows, less their levels.
    """

    one: NDArray[np.int32]
    other: NDArray[np.int32]
    score: NDArray[np.int32]


def neighbours(
    vectors: NDArray[np.int8],
    level: NDArray[np.int32],
    windows: NDArray[np.int32],
    width: int,
    least: int,
    trees: int = TREES,
    seed: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Neighbours:
    """The pairs of windows that trees find to be most like each other, each pair once.

    Args:
        vectors: [n, m] int8.
        level: [n] int32 of the window that begins with each vector, see `kernels.compare`.
        windows: [w] int32 the vectors with which windows begin.
        width: vectors in a window; windows that overlap are no pair.
        least: what a score must exceed.
        trees: the more, the fewer pairs are missed.
        seed: of the trees.
        progress: called with the share of the trees that are done.
    """
    rng = np.random.default_rng(seed)
    near = np.full((len(vectors), NEAREST), -1, np.int32)
    score = np.zeros_like(near)
    for done in range(trees):
        kernels.compare(vectors, level, _leaves(vectors, windows, width, rng), width, least, near, score)
        progress((done + 1) / trees)
    return _pairs(near, score)


def _leaves(
    vectors: NDArray[np.int8], windows: NDArray[np.int32], width: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """The leaves [l, s] of a tree; -1 for none."""
    depth = max(0, int(np.ceil(np.log2(max(len(windows), 1) / LEAF))))
    size = -(-max(len(windows), 1) // (1 << depth))
    nodes = np.full((1, size << depth), -1, np.int32)
    nodes[0, : len(windows)] = windows
    for _ in range(depth):
        nodes = _halved(vectors, nodes, width, rng)
    return nodes


def _halved(
    vectors: NDArray[np.int8], nodes: NDArray[np.int32], width: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Twice as many nodes [2 k, s / 2]: the windows of each node [k, s] with the lower and with the higher products."""
    filled, rows = (nodes >= 0).sum(axis=1), np.arange(len(nodes))
    first, second = (
        np.maximum(nodes[rows, rng.integers(0, np.maximum(filled, 1))], 0).astype(np.int32) for _ in range(2)
    )
    along = kernels.project(vectors, nodes, first, second, width)
    keys = np.where(nodes >= 0, along.astype(np.int64) << 32 | nodes, NONE)
    keys.sort(axis=1)
    return (keys & 0xFFFFFFFF).astype(np.uint32).view(np.int32).reshape(2 * len(nodes), -1)


def _pairs(near: NDArray[np.int32], score: NDArray[np.int32]) -> Neighbours:
    """The noted pairs, each once, in the order of their windows."""
    row, column = np.nonzero(near >= 0)
    one, other, value = row.astype(np.int32), near[row, column], score[row, column]
    keys = np.minimum(one, other).astype(np.int64) << 32 | np.maximum(one, other)
    _, chosen = np.unique(keys, return_index=True)
    return Neighbours(np.minimum(one, other)[chosen], np.maximum(one, other)[chosen], value[chosen])
