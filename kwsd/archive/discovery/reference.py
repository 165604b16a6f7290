"""The readable twins of discovery's kernels: same names, same arguments, same results, much slower.

Nothing falls back to them; they are what the kernels are tested against, and where to read what discovery does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.discovery import checks

NOTHING = (0, 0, 0)  # a cell that no alignment ends in: the score, and where it would begin


def density(vectors: NDArray[np.int8], sample: NDArray[np.int8], count: int) -> NDArray[np.int32]:
    """`kwsd.archive.discovery.kernels.density`, with all products at once."""
    given = checks.vectors(vectors).astype(np.int64)
    products = given @ checks.sample(sample, given.shape[1], count).astype(np.int64).T
    total = np.sort(products, axis=1)[:, -count:].sum(axis=1)
    mean: NDArray[np.int32] = np.trunc(total / count).astype(np.int32)
    return mean


def project(
    vectors: NDArray[np.int8],
    windows: NDArray[np.int32],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    width: int,
) -> NDArray[np.int32]:
    """`kwsd.archive.discovery.kernels.project`, window by window."""
    checks.windows(windows, len(checks.vectors(vectors)), width)
    for starts in (first, second):
        checks.starts(starts, len(windows), len(vectors), width)
    out = np.zeros(windows.shape, np.int32)
    for node, (one, other) in enumerate(zip(first, second, strict=True)):
        direction = _window(vectors, one, width) - _window(vectors, other, width)
        for column, window in enumerate(windows[node]):
            if window >= 0:
                out[node, column] = (direction * _window(vectors, window, width)).sum()
    return out


def compare(
    vectors: NDArray[np.int8],
    level: NDArray[np.int32],
    leaves: NDArray[np.int32],
    width: int,
    least: int,
    near: NDArray[np.int32],
    score: NDArray[np.int32],
) -> None:
    """`kwsd.archive.discovery.kernels.compare`, pair by pair."""
    checks.windows(leaves, len(checks.vectors(vectors)), width)
    checks.levels(level, len(vectors))
    for array in (near, score):
        checks.lists(array, len(vectors))
    for leaf in leaves:
        for i, one in enumerate(leaf):
            for other in leaf[i + 1 :]:
                if min(one, other) < 0 or abs(int(one) - int(other)) < width:
                    continue
                product = (_window(vectors, one, width) * _window(vectors, other, width)).sum()
                value = int(product) - (int(level[one]) + int(level[other])) // 2
                if value > least:
                    _note(near[one], score[one], other, value)
                    _note(near[other], score[other], one, value)


def align_locally(
    vectors: NDArray[np.int8],
    level: NDArray[np.int32],
    places: NDArray[np.int32],
    limits: NDArray[np.int32],
    reach: int,
    band: int,
    gap: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """`kwsd.archive.discovery.kernels.align_locally`, cell by cell."""
    checks.levels(level, len(checks.vectors(vectors)))
    checks.places(places, limits, len(vectors))
    checks.band(reach, band, gap)
    scores, bounds = np.zeros(len(places), np.int32), np.zeros((len(places), 4), np.int32)
    for pair, ((one, other), (begin, end, begin_other, end_other)) in enumerate(
        zip(places.tolist(), limits.tolist(), strict=True)
    ):
        cells: dict[tuple[int, int], tuple[int, int, int]] = {}
        for i in range(max(begin, one - reach), min(end, one + reach + 1)):
            middle = other + i - one
            for j in range(max(begin_other, middle - band), min(end_other, middle + band + 1)):
                like = _like(vectors, level, i, j)
                alone = min(like, 0) - gap
                cell = (like, i, j)
                for before, added in (((i - 1, j - 1), like), ((i - 1, j), alone), ((i, j - 1), alone)):
                    earlier = cells.get(before, NOTHING)
                    if earlier[0] > 0 and earlier[0] + added > cell[0]:
                        cell = (earlier[0] + added, *earlier[1:])
                cells[i, j] = cell if cell[0] > 0 else NOTHING
                if cell[0] > scores[pair]:
                    scores[pair], bounds[pair] = cell[0], (cell[1], i + 1, cell[2], j + 1)
    return scores, bounds


def _window(vectors: NDArray[np.int8], first: int, width: int) -> NDArray[np.int64]:
    return vectors[first : first + width].astype(np.int64).ravel()


def _like(vectors: NDArray[np.int8], level: NDArray[np.int32], one: int, other: int) -> int:
    product = (vectors[one].astype(np.int64) * vectors[other]).sum()
    return int(product) - (int(level[one]) + int(level[other])) // 2


def _note(near: NDArray[np.int32], score: NDArray[np.int32], window: int, value: int) -> None:
    """Puts a window into a list in falling order, behind equal ones; it is not put in twice."""
    if window in near:
        return
    listed = [(int(s), int(n)) for n, s in zip(near, score, strict=True) if n >= 0]
    at = sum(s >= value for s, _ in listed)
    for place, (held, name) in enumerate([*listed[:at], (value, int(window)), *listed[at:]][: len(near)]):
        near[place], score[place] = name, held
