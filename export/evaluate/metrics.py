"""Reciprocal ranks, means and ratios, with bootstrap confidence intervals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from export.evaluate.results import Value

RESAMPLES = 1000


def reciprocal_ranks(
    distances: NDArray[np.floating], relevant: NDArray[np.bool_], allowed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """[q] 1 / rank of the first relevant item of each query (Wav2Tok, eq. 22).

    Args:
        distances: [q, d], the smaller the better; of equal ones, irrelevant items come first, so that a system gains
            nothing by finding everything alike.
        relevant: [q, d] which items a query should find.
        allowed: [q, d] which items count at all. A query without a relevant item gives NaN.
    """
    wanted, others = allowed & relevant, allowed & ~relevant
    best = np.where(wanted, distances, np.inf).min(axis=1, keepdims=True)
    ahead = ((distances <= best) & others).sum(axis=1)
    return np.where(wanted.any(axis=1), 1.0 / (1 + ahead), np.nan)


def mean(values: ArrayLike, groups: Sequence[Hashable] | None = None, seed: int = 7) -> Value:
    """The mean of values [n] and its 95 % bootstrap interval, resampling whole groups (words, speakers) where given.

    NaN is left out.
    """
    given = np.asarray(values, float)
    known = np.isfinite(given)
    return ratio(np.where(known, given, 0.0), known, groups, seed)


def ratio(over: ArrayLike, under: ArrayLike, groups: Sequence[Hashable] | None = None, seed: int = 7) -> Value:
    """The sum of `over` [n] by the sum of `under` [n], with an interval as of `mean`; NaN where `under` adds up to 0.

    So are precision, recall and F1 of counts, without the need to say what they are of a group that has none.
    """
    above, below = np.asarray(over, float), np.asarray(under, float)
    keys: Sequence[Hashable] = range(len(above)) if groups is None else groups
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    of = np.array([number[key] for key in keys], int)
    above, below = (np.bincount(of, sums, len(number)) for sums in (above, below))
    above, below = above[below > 0], below[below > 0]
    if not len(below):
        return Value(float("nan"))
    drawn = np.random.default_rng(seed).integers(len(below), size=(RESAMPLES, len(below)))
    low, high = np.percentile(above[drawn].sum(axis=1) / below[drawn].sum(axis=1), (2.5, 97.5))
    return Value(float(above.sum() / below.sum()), float(low), float(high))
