"""Edit distance as a plain dynamic program over prefixes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kwsd.scorers import checks

ONE = np.float32(1)


def edit_distance(
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    substitution: NDArray[np.float32] | None = None,
    *,
    score_cutoff: float | None = None,
) -> float:
    """`kwsd.scorers.edit_distance`, step by step."""
    limit = checks.cutoff(score_cutoff)
    distance = float(edit_costs(_costs(checks.token_vector(a), checks.token_vector(b), substitution)))
    return distance if distance <= limit else math.inf


def edit_distances(
    a: NDArray[np.int32],
    tokens: NDArray[np.int32],
    lengths: NDArray[np.int32],
    substitution: NDArray[np.float32] | None = None,
    *,
    score_cutoff: float | None = None,
) -> NDArray[np.float32]:
    """`kwsd.scorers.edit_distances`, one after the other."""
    others = checks.token_vector(tokens)
    ends = np.cumsum(checks.token_counts(lengths, len(others)))
    parts = np.split(others, ends[:-1]) if len(ends) else []
    return np.array([edit_distance(a, b, substitution, score_cutoff=score_cutoff) for b in parts], np.float32)


def edit_costs(costs: NDArray[np.float32]) -> np.float32:
    """The edit distance of two sequences whose tokens cost [n, m] for each other, and 1 to insert or delete."""
    n, m = costs.shape
    row = [np.float32(j) for j in range(m + 1)]
    for i in range(n):
        before, row = row, [np.float32(i + 1)]
        for j in range(m):
            row.append(min(before[j] + costs[i, j], before[j + 1] + ONE, row[j] + ONE))
    return row[-1]


def subsequence_edit_costs(
    costs: NDArray[np.float32], deletion: np.float32
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The distance of a template to the nearest stretch that ends at each token [n] of a stream; the tokens of it.

    Tokens cost [n, T] for each other. Of equally near stretches the shortest counts.
    """
    row = [(np.float32(0), 0)]
    for _ in range(costs.shape[1]):
        row.append((row[-1][0] + deletion, 0))
    ends = []
    for local in costs:
        before, row = row, [(np.float32(0), 0)]
        for j, cost in enumerate(local):
            substituted = (before[j][0] + cost, before[j][1] + 1)
            inserted = (before[j + 1][0] + cost, before[j + 1][1] + 1)
            deleted = (row[j][0] + deletion, row[j][1])
            row.append(min(substituted, inserted, deleted))
        ends.append(row[-1])
    return np.array([cost for cost, _ in ends], np.float32), np.array([span for _, span in ends], np.int32)


def _costs(a: NDArray[np.int32], b: NDArray[np.int32], substitution: NDArray[np.float32] | None) -> NDArray[np.float32]:
    if substitution is None:
        return np.not_equal.outer(a, b).astype(np.float32)
    matrix = checks.substitution_matrix(substitution)
    used = np.concatenate([a, b])
    if ((used < 0) | (used >= len(matrix))).any():
        checks.refuse_token_range(len(matrix))
    costs: NDArray[np.float32] = matrix[a][:, b]
    if not ((costs >= 0) & (costs <= checks.LARGEST_SUBSTITUTION)).all():
        checks.refuse_substitution()
    return costs
