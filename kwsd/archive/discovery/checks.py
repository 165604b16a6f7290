"""What the kernels of discovery accept: each function returns its input or raises a ValueError that says why."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwsd.scorers.exact import matrix

MOST_DIMENSIONS = 1024
"""Components; with as many vectors in a window as LONGEST_WINDOW, inner products fit in 32 bits."""
LONGEST_WINDOW = 32  # vectors
FARTHEST = 4096  # vectors that an alignment may reach, and its band: sums fit in 32 bits
HIGHEST = 1 << 24  # of a level and of a gap


def vectors(array: ArrayLike) -> NDArray[np.int8]:
    """The vectors [n, m] of an archive."""
    given = matrix(array, "vectors", np.int8)
    if not given.shape[0] or not 1 <= given.shape[1] <= MOST_DIMENSIONS:
        raise ValueError(f"vectors must be [n, m], m from 1 to {MOST_DIMENSIONS}, not {list(given.shape)}")
    return given


def sample(array: ArrayLike, dimensions: int, count: int) -> NDArray[np.int8]:
    """Vectors to compare with, of which at least so many count."""
    given = matrix(array, "sample", np.int8)
    if given.shape[1] != dimensions:
        raise ValueError(f"the sample must have {dimensions} components a vector, not {given.shape[1]}")
    if not 1 <= count <= len(given):
        raise ValueError(f"count must be from 1 to the {len(given)} of the sample, not {count}")
    return given


def windows(array: ArrayLike, count: int, width: int) -> NDArray[np.int32]:
    """Windows [nodes, size] of so many vectors; -1 for none."""
    given = matrix(array, "windows", np.int32)
    if not given.shape[1]:
        raise ValueError("windows must be a matrix with at least one column")
    if not 1 <= width <= LONGEST_WINDOW:
        raise ValueError(f"width must be from 1 to {LONGEST_WINDOW}, not {width}")
    if given.size and not -1 <= given.min() <= given.max() <= count - width:
        raise ValueError(f"windows must begin at 0 to {count - width}, or be -1")
    return given


def starts(array: ArrayLike, nodes: int, count: int, width: int) -> NDArray[np.int32]:
    """One window for each node."""
    given = np.asarray(array)
    if given.shape != (nodes,) or given.dtype != np.int32 or not given.flags.c_contiguous:
        raise ValueError(f"one int32 window is needed for each of the {nodes} nodes")
    if nodes and not 0 <= given.min() <= given.max() <= count - width:
        raise ValueError(f"the windows of the nodes must begin at 0 to {count - width}")
    return given


def levels(array: ArrayLike, count: int) -> NDArray[np.int32]:
    """A level for each vector."""
    given = np.asarray(array)
    if given.shape != (count,) or given.dtype != np.int32 or not given.flags.c_contiguous:
        raise ValueError(f"level must be int32 [{count}], not {given.dtype} {list(given.shape)}")
    if count and not -HIGHEST <= given.min() <= given.max() <= HIGHEST:
        raise ValueError(f"levels must be from -{HIGHEST} to {HIGHEST}")
    return given


def lists(array: ArrayLike, count: int) -> NDArray[np.int32]:
    """A list for each vector, to be changed."""
    given = matrix(array, "near and score", np.int32)
    if len(given) != count or not given.shape[1] or not given.flags.writeable:
        raise ValueError(f"near and score must be writeable and have {count} rows of at least one number")
    return given


def places(pairs: ArrayLike, limits: ArrayLike, count: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pairs of places [p, 2], and the stretches [p, 4] that they lie in."""
    given, bounds = matrix(pairs, "places", np.int32), matrix(limits, "limits", np.int32)
    if given.shape[1] != 2 or bounds.shape != (len(given), 4):
        raise ValueError(f"places must be [p, 2] and limits [p, 4], not {list(given.shape)} and {list(bounds.shape)}")
    begin, end = bounds[:, 0::2], bounds[:, 1::2]
    if ((begin < 0) | (begin > given) | (given >= end) | (end > count)).any():
        raise ValueError(f"every place must lie between its limits, and those within the {count} vectors")
    return given, bounds


def band(reach: int, width: int, gap: int) -> tuple[int, int, int]:
    """How far an alignment may go."""
    if not (0 <= reach <= FARTHEST and 0 <= width <= FARTHEST):
        raise ValueError(f"reach and band must be from 0 to {FARTHEST}, not {reach} and {width}")
    if not 0 <= gap <= HIGHEST:
        raise ValueError(f"gap must be from 0 to {HIGHEST}, not {gap}")
    return int(reach), int(width), int(gap)
