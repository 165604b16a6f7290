"""What the archive's kernels accept: each function returns its input or raises a ValueError that says why.

Nothing is converted where that would copy an archive: places and codes are memory maps of up to gigabytes.
"""

from __future__ import annotations

from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwsd.archive.segments.alternation import width_of
from kwsd.scorers import checks
from kwsd.scorers.exact import vector

LONGEST_TEMPLATE = 1024
"""Frames; how long a template's alignment is must fit in what the kernels keep of a path."""
MOST_FRAMES = 2**31 - 1
LARGEST_WEIGHT = 2**16 - 1
HALF_BYTE = 16  # values
LARGEST_PRODUCT = 1e6
"""Of a gain and an inner product: sums of costs stay far from infinity."""

Lists = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]


def lists(first: ArrayLike, last: ArrayLike, shift: ArrayLike, weight: ArrayLike, places: int) -> Lists:
    """Bounds, shifts and weights of posting lists among so many places."""
    begin, end = vector(first, "first", np.int64), vector(last, "last", np.int64)
    shifts, weights = vector(shift, "shift", np.int32), vector(weight, "weight", np.int32)
    if not len(begin) == len(end) == len(shifts) == len(weights):
        raise ValueError("first, last, shift and weight must have one number for each list")
    if ((begin < 0) | (begin > end) | (end > places)).any():
        raise ValueError(f"lists must lie within the {places} places, and none may end before it begins")
    if ((weights < 1) | (weights > LARGEST_WEIGHT)).any():
        raise ValueError(f"weights must be from 1 to {LARGEST_WEIGHT}")
    return begin, end, shifts, weights


def frames(count: int) -> int:
    """The frames of an archive."""
    if not 1 <= count <= MOST_FRAMES:
        raise ValueError(f"frames must be from 1 to {MOST_FRAMES}, not {count}")
    return int(count)


def windows(count: int) -> int:
    """How many windows are wanted."""
    if count < 1:
        raise ValueError(f"count must be 1 or more, not {count}")
    return int(count)


def floor(above: int) -> int:
    """The score that a window must exceed."""
    if not 0 <= above < MOST_FRAMES:
        raise ValueError(f"above must be from 0 to {MOST_FRAMES - 1}, not {above}")
    return int(above)


def windows_of_documents(
    window: ArrayLike, score: ArrayLike, bounds: ArrayLike, alive: ArrayLike, block: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.uint8]]:
    """Ascending windows that begin each so many frames, their scores, and documents, whether each is searched."""
    numbers, votes = vector(window, "window", np.int32), vector(score, "score", np.int32)
    limits, searched = vector(bounds, "bounds", np.int64), vector(alive, "alive", np.bool_)
    if len(numbers) != len(votes) or len(limits) != len(searched) + 1:
        raise ValueError("window must have as many numbers as score, and bounds one more than alive")
    if len(numbers) and not (numbers[0] >= 0 and int(numbers[-1]) * block < limits[-1]):
        raise ValueError("windows must lie within the documents")
    if (numbers[1:] <= numbers[:-1]).any():
        raise ValueError("windows must ascend")
    return numbers, votes, limits, searched.view(np.uint8)


def reach(frames: int) -> int:
    """The frames that a region has beside its window."""
    if not 0 <= frames <= MOST_FRAMES:
        raise ValueError(f"reach must be from 0 to {MOST_FRAMES}, not {frames}")
    return int(frames)


def refuse_weights() -> NoReturn:
    """Raises the ValueError for weights that could add up to more than a score can hold."""
    raise ValueError("the weights are too large for so many lists: a window's score could exceed 32 bits")


def code_matrix(codes: ArrayLike) -> NDArray[np.uint8]:
    """The codes of an archive, [N, s] or [N / 2, w]."""
    given = np.asarray(codes)
    if given.ndim != 2 or given.dtype != np.uint8 or not given.flags.c_contiguous or not given.shape[1]:
        raise ValueError(
            f"codes must be a contiguous uint8 matrix, with a column or more, not {given.dtype} {list(given.shape)}"
        )
    return given


def norms(array: ArrayLike, count: int, choices: int) -> NDArray[np.uint8]:
    """Which of 256 gains each of so many frames has, a byte each; of 16 half a byte."""
    given: NDArray[np.uint8] = vector(array, "norms", np.uint8)
    if len(given) != (count if choices > HALF_BYTE else (count + 1) // 2):
        each = "one byte" if choices > HALF_BYTE else "half a byte"
        raise ValueError(f"norms must have {each} for each of the {count} frames of codes, not {len(given)}")
    return given


def gains(array: ArrayLike) -> NDArray[np.float32]:
    """The factors, 256 or 16, that norms stand for."""
    given: NDArray[np.float32] = vector(array, "gains", np.float32)
    if len(given) not in (256, HALF_BYTE) or not (given.min() >= 0 and given.max() < np.inf):
        raise ValueError("gains must be 256 or 16 finite numbers that are not below zero")
    return given


def tables(array: ArrayLike, width: int, factors: ArrayLike) -> NDArray[np.float32]:
    """The inner products [s, 256, L] of a template with each stage's words, for rows of codes of so many bytes."""
    given = np.asarray(array)
    if given.ndim != 3 or given.dtype != np.float32 or given.shape[1] != 256:
        raise ValueError(f"tables must be float32 [s, 256, L], not {given.dtype} {list(given.shape)}")
    stages = given.shape[0]
    if not stages or width not in (stages, width_of(stages)):
        raise ValueError(f"tables of {stages} stages do not fit codes of {width} bytes a row")
    _template_length(given.shape[2])
    if not max(given.max(), -given.min()) * 2 * stages * np.max(factors) <= LARGEST_PRODUCT:
        raise ValueError("tables must be finite inner products: are the template's vectors finite and of unit length?")
    return given


def regions(begin: ArrayLike, end: ArrayLike, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where regions of an archive of so many frames begin and end."""
    first, last = vector(begin, "begin", np.int64), vector(end, "end", np.int64)
    if len(first) != len(last) or ((first < 0) | (first >= last) | (last > count)).any():
        raise ValueError(f"begin and end must name regions of one frame or more within the {count} frames")
    return first, last


def region_lengths(lengths: ArrayLike, count: int) -> NDArray[np.int64]:
    """The frames of each region; together they have so many."""
    given: NDArray[np.int64] = vector(lengths, "lengths", np.int64)
    if (given < 1).any() or given.sum() != count:
        raise ValueError(f"lengths must be 1 or more and add up to the {count} rows of costs")
    return given


def cost_rows(costs: ArrayLike) -> NDArray[np.float32]:
    """Local costs [n, L] (n may be 0), contiguous float32; their values are checked where they are used."""
    shape = np.shape(costs)
    if len(shape) != 2:
        raise ValueError(f"costs must be a matrix [n, L], not {list(shape)}")
    _template_length(shape[1])
    return checks.cost_rows(costs, shape[1])


def _template_length(frames: int) -> None:
    if not 1 <= frames <= LONGEST_TEMPLATE:
        raise ValueError(f"a template must have from 1 to {LONGEST_TEMPLATE} frames, not {frames}")
