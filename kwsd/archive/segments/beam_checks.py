"""What `kwsd.archive.segments.beam` accepts: each function returns its input or raises a ValueError that says why."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

WORDS = 256
MOST_STAGES, WIDEST = 16, 64  # what the kernel has room for

Tables = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def tables(products: ArrayLike, halves: ArrayLike, crosses: ArrayLike) -> Tables:
    """Inner products [n, s, 256] of vectors, half squares [s, 256] and inner products [t, t, 256, 256] of words."""
    given = _matrix(products, "products", (-1, -1, WORDS))
    stages = given.shape[1]
    if not 1 <= stages <= MOST_STAGES:
        raise ValueError(f"products must have from 1 to {MOST_STAGES} stages, not {stages}")
    cross = _matrix(crosses, "crosses", (-1, -1, WORDS, WORDS))
    if not stages <= cross.shape[0] == cross.shape[1]:
        raise ValueError(f"crosses must be of the same stages, and of at least {stages}, not {list(cross.shape)}")
    return given, _matrix(halves, "halves", (stages, WORDS)), cross


def width(sums: int) -> int:
    """How many sums are kept."""
    if not 1 <= sums <= WIDEST:
        raise ValueError(f"width must be from 1 to {WIDEST}, not {sums}")
    return int(sums)


def _matrix(array: ArrayLike, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    given = np.asarray(array)
    fits = given.ndim == len(shape) and all(want in (-1, have) for want, have in zip(shape, given.shape, strict=True))
    if not fits or given.dtype != np.float32 or not given.flags.c_contiguous:
        raise ValueError(f"{name} must be contiguous float32 of shape {list(shape)}, not {given.dtype} {given.shape}")
    return given
