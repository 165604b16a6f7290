"""Input checks of the scorers: each returns its input in the kernels' layout or raises a ValueError with the reason.

A cost may fall below zero by rounding, as 1 - z.w does for equal vectors kept in few bits; such a cost counts as 0.
"""

from __future__ import annotations

import math
import operator
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_COST = -1e-2
LARGEST_SUBSTITUTION = 2.0
"""Deleting one token and inserting another does the same."""


def cost_matrix(costs: ArrayLike) -> NDArray[np.float32]:
    """The local costs [n, k] of two whole sequences, contiguous float32; both need at least one frame."""
    matrix = _float_matrix(costs, "costs must be a matrix [n, k]")
    if not matrix.size:
        raise ValueError(f"both sequences need at least one frame, but the costs are {_shape(matrix)}")
    return matrix


def cost_rows(costs: ArrayLike, columns: int) -> NDArray[np.float32]:
    """The local costs [n, columns] of n new stream frames (n may be 0), contiguous float32."""
    rows = _float_matrix(costs, f"costs must be a matrix [n, {columns}]")
    if rows.shape[1] != columns:
        raise ValueError(f"costs must have {columns} columns, one per template frame, not {rows.shape[1]}")
    return rows


def vectors(array: ArrayLike, name: str, *, may_be_empty: bool = False) -> NDArray[np.float32]:
    """A sequence of vectors [n, m] as float32, with at least one frame unless it may be empty."""
    matrix = _float_matrix(array, f"{name} must be a matrix [n, m]")
    if not matrix.size and not may_be_empty:
        raise ValueError(f"{name} needs at least one frame, but is {_shape(matrix)}")
    return matrix


def vector_rows(array: ArrayLike, dims: int) -> NDArray[np.float32]:
    """Vectors [n, dims] (n may be 0), contiguous float32, that are compared with template vectors."""
    rows = vectors(array, "vectors", may_be_empty=True)
    if rows.shape[1] != dims:
        raise ValueError(f"vectors have {rows.shape[1]} dimensions, but the template's have {dims}")
    return rows


def template_lengths(lengths: ArrayLike) -> NDArray[np.int32]:
    """The frames of each template [k], at least one of each, as int32."""
    frames = _integers(lengths)
    if not frames.size or frames.min() < 1:
        raise ValueError("lengths must name at least one template, and each must have at least one frame")
    return frames


def frame_count(count: int, name: str) -> int:
    """A number of frames, at least 0."""
    if count < 0:
        raise ValueError(f"{name} is {count} frames: it must not be negative")
    return int(count)


def deletion_cost(cost: float) -> float:
    """What it costs to delete a token."""
    if not 0 <= cost < math.inf:
        raise ValueError(f"what it costs to delete a token must be a number from 0 on, not {cost:g}")
    return float(cost)


def token_vector(tokens: ArrayLike) -> NDArray[np.int32]:
    """A token sequence [n] (n may be 0), contiguous int32."""
    array = np.asarray(tokens)
    if array.ndim != 1 or array.dtype != np.int32:
        refuse_tokens()
    return np.ascontiguousarray(array)


def token_counts(lengths: ArrayLike, total: int) -> NDArray[np.int32]:
    """How many tokens each of several sequences has [k], 0 or more, as int32; together they have `total`."""
    counts = _integers(lengths)
    if (counts < 0).any() or counts.sum(dtype=np.int64) != total:
        raise ValueError(f"lengths must not be negative and must add up to the {total} tokens")
    return counts


def substitution_matrix(substitution: ArrayLike) -> NDArray[np.float32]:
    """The cost of each token for each other [K, K], contiguous float32; its values are checked where they are used."""
    matrix = _float_matrix(substitution, "substitution must be a matrix [K, K]")
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"substitution must be a square matrix, not {_shape(matrix)}")
    return matrix


def cutoff(score_cutoff: float | None) -> float:
    """The largest score that is still told; infinity where none was given."""
    if score_cutoff is None:
        return math.inf
    if math.isnan(score_cutoff):
        raise ValueError("score_cutoff must be a number or None, not NaN")
    return float(score_cutoff)


def alignment_scores(match: int, mismatch: int, gap: int) -> tuple[int, int, int]:
    """The scores of a local alignment as integers, if each has the sign that makes sense."""
    try:
        scores = operator.index(match), operator.index(mismatch), operator.index(gap)
    except TypeError:
        scores = 0, 0, 0
    if not (scores[0] > 0 >= scores[1] and scores[2] < 0):
        raise ValueError(
            "match, mismatch and gap must be integers, match above 0, mismatch 0 or less and gap below 0, "
            f"not {match}, {mismatch} and {gap}"
        )
    return scores


def alignment_room(n: int, m: int, scores: tuple[int, int, int]) -> tuple[int, int]:
    """The highest score that a query of n tokens can have with m others, and the most of those in one alignment.

    Every token left out takes from what the matches have added, which bounds how many can be. Refused are scores that
    do not fit in 32 bits, or in 62 with the lengths of the aligned stretches of both.
    """
    match, _, gap = scores
    most = match * min(n, m)
    longest = min(m, n + max(match * n - 1, 0) // -gap)
    if most >= 2**31 or most.bit_length() + longest.bit_length() + n.bit_length() > 62:
        raise ValueError(f"a match of {match} is too large for sequences of {n} and {m} tokens: scores could overflow")
    return most, longest


def band_offsets(n: int, k: int, band: int | None) -> tuple[int, int]:
    """The least and the greatest column minus row that a path may visit (Sakoe & Chiba 1978, adjustment window).

    The window follows from corner to corner: it is widened by the difference of the lengths on the side that needs it,
    so that a path exists for every band of 0 or more frames.
    """
    if band is None:
        return -n, k
    if band < 0:
        raise ValueError(f"band must be 0 frames or more, or None for no band, not {band}")
    return max(min(0, k - n) - band, -n), min(max(0, k - n) + band, k)


def usable(costs: NDArray[np.float32]) -> NDArray[np.float32]:
    """The costs with what rounding left below zero raised to 0; others below zero, NaN and infinity are refused."""
    if costs.size and not (costs.min() >= LEAST_COST and costs.max() < math.inf):
        refuse_costs()
    return np.maximum(costs, np.float32(0))


def refuse_costs() -> NoReturn:
    """Raises the ValueError for costs that no distance can have."""
    raise ValueError("costs must be finite and not below zero: are the vectors finite and of unit length?")


def refuse_tokens() -> NoReturn:
    """Raises the ValueError for what is not a token sequence."""
    raise ValueError("tokens must be an int32 vector")


def refuse_token_range(tokens: int) -> NoReturn:
    """Raises the ValueError for tokens that a substitution matrix does not know."""
    raise ValueError(f"tokens must be from 0 to {tokens - 1}, the rows of the substitution matrix")


def refuse_substitution() -> NoReturn:
    """Raises the ValueError for substitution costs that are no use."""
    raise ValueError(f"substitution costs must lie in [0, {LARGEST_SUBSTITUTION:g}]")


def _integers(lengths: ArrayLike) -> NDArray[np.int32]:
    array = np.asarray(lengths)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError("lengths must be a vector of integers")
    return array.astype(np.int32)


def _float_matrix(array: ArrayLike, message: str) -> NDArray[np.float32]:
    given = np.asarray(array)
    if given.ndim != 2:
        raise ValueError(f"{message}, not {_shape(given)}")
    return np.ascontiguousarray(given, dtype=np.float32)


def _shape(array: NDArray[np.generic]) -> str:
    return str(list(array.shape))
