"""Dynamic time warping as a plain dynamic program over cells, each holding the best path that ends in it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwsd.scorers import checks
from kwsd.scorers.reference.costs import cosine_costs


class Path(NamedTuple):
    """The best path to a cell; paths compare by cost, then by cells, then by span."""

    cost: np.float32
    cells: int
    span: int

    def through(self, local: np.float32) -> Path:
        """This path, one cell longer."""
        return Path(self.cost + local, self.cells + 1, self.span)

    def next_frame(self) -> Path:
        """This path at the next stream frame."""
        return self._replace(span=self.span + 1)

    @property
    def score(self) -> np.float32:
        """The average cost of its cells."""
        return self.cost / np.float32(self.cells)


START = Path(np.float32(0), 0, 0)
NOWHERE = Path(np.float32(np.inf), 0, 0)


def dtw(
    a: NDArray[np.float32], b: NDArray[np.float32], *, band: int | None = None, score_cutoff: float | None = None
) -> float:
    """`kwsd.scorers.dtw`, step by step."""
    return dtw_costs(cosine_costs(a, b), band=band, score_cutoff=score_cutoff)


def dtw_costs(costs: NDArray[np.float32], *, band: int | None = None, score_cutoff: float | None = None) -> float:
    """`kwsd.scorers.dtw_costs`, step by step."""
    local = checks.usable(checks.cost_matrix(costs))
    limit = checks.cutoff(score_cutoff)
    n, k = local.shape
    least, greatest = checks.band_offsets(n, k, band)
    row = [NOWHERE] * k
    for i in range(n):
        before, row = row, []
        for j in range(k):
            origin = [START] if i == j == 0 else moves(before, row)
            row.append(min(origin).through(local[i, j]) if least <= j - i <= greatest else NOWHERE)
    score = float(row[-1].score)
    return score if score <= limit else math.inf


def subsequence_dtw(costs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """`kwsd.scorers.subsequence_dtw`, step by step."""
    local = checks.usable(checks.cost_matrix(costs))
    row = [NOWHERE] * local.shape[1]
    ends = []
    for i in range(len(local)):
        before, row = row, []
        for j in range(local.shape[1]):
            origin = moves(before, row) if j else [*moves(before, row), START.next_frame()]
            row.append(min(origin).through(local[i, j]))
        ends.append(row[-1])
    return np.array([p.score for p in ends], np.float32), np.array([p.span for p in ends], np.int32)


def moves(before: list[Path], row: list[Path]) -> list[Path]:
    """The paths that the next cell of the row can go on: from the frame before, the column before, or both."""
    j = len(row)
    return [before[j].next_frame()] + ([before[j - 1].next_frame(), row[j - 1]] if j else [])
