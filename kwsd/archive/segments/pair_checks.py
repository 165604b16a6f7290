"""What `kwsd.archive.segments.pairs` accepts: its input, or a ValueError that says why."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwsd.archive.segments.alternation import width_of
from kwsd.scorers.exact import matrix, vector

TERMS = 1 << 16
LARGEST = 2**31 - 1  # codes


def scan(
    rows: ArrayLike, stages: int, bounds: ArrayLike, terms: ArrayLike
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Codes, the bounds of their documents, and the pairs that are looked for."""
    codes = matrix(rows, "rows", np.uint8)
    if stages < 1 or codes.shape[1] not in (stages, width_of(stages)):
        raise ValueError(f"rows of codes of {stages} bytes cannot have {codes.shape[1]} bytes")
    count = len(codes) if codes.shape[1] == stages else 2 * len(codes)
    limits, asked = vector(bounds, "bounds", np.int64), vector(terms, "terms", np.int64)
    if count > LARGEST or not len(limits) or limits[0] or limits[-1] > count or (np.diff(limits) < 0).any():
        raise ValueError(f"bounds must ascend from 0 to at most {min(count, LARGEST)}")
    if len(asked) and (asked[0] < 0 or asked[-1] >= TERMS or (np.diff(asked) <= 0).any()):
        raise ValueError(f"terms must ascend from 0 to at most {TERMS - 1}")
    return codes, limits, asked
