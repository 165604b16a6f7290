"""Arrays of exactly one type: what is of another is refused and never converted, which could copy an archive."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


def vector(array: ArrayLike, name: str, dtype: DTypeLike) -> NDArray[Any]:
    """A contiguous vector of exactly this type, or a ValueError."""
    return _exactly(array, name, dtype, 1, "vector")


def matrix(array: ArrayLike, name: str, dtype: DTypeLike) -> NDArray[Any]:
    """A contiguous matrix of exactly this type, or a ValueError."""
    return _exactly(array, name, dtype, 2, "matrix")


def _exactly(array: ArrayLike, name: str, dtype: DTypeLike, dimensions: int, kind: str) -> NDArray[Any]:
    given = np.asarray(array)
    if given.ndim != dimensions or given.dtype != dtype or not given.flags.c_contiguous:
        raise ValueError(f"{name} must be a contiguous {np.dtype(dtype)} {kind}, not {given.dtype} {list(given.shape)}")
    return given
