"""Where the bits of Elias-Fano lists are, and what their kernels accept; see `kwsd.archive.segments.elias_fano`.

A list of n numbers below u has n times l lower bits, l = floor(log2(u / n)), then n + floor(u / 2^l) + 1 upper bits. So
the counts of lists say where each begins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwsd.scorers.exact import vector

SPARE = 8  # bytes after the last list, for the kernel reads words
LARGEST = 2**31 - 1  # universe


def low_bits(counts: NDArray[np.int64], universe: int) -> NDArray[np.int32]:
    """[l] how many lower bits each number of lists of so many [l] numbers has."""
    low: NDArray[np.int32] = (np.frexp(universe // np.maximum(counts, 1))[1] - 1).clip(0).astype(np.int32)
    return low


def sizes(counts: NDArray[np.int64], universe: int) -> NDArray[np.int64]:
    """[l] bits of lists of so many [l] numbers; none of an empty one."""
    low = low_bits(counts, universe).astype(np.int64)
    return np.where(counts > 0, counts * (low + 1) + (universe >> low) + 1, 0)


def begins(counts: NDArray[np.int64], universe: int) -> NDArray[np.int64]:
    """[l] the bit of the stream at which each list begins."""
    bits = sizes(counts, universe)
    return np.cumsum(bits) - bits


def room(counts: NDArray[np.int64], universe: int) -> int:
    """Bytes of the stream of lists of so many [l] numbers."""
    return -(-int(sizes(counts, universe).sum()) // 8) + SPARE


def values(given: ArrayLike, counts: ArrayLike, universe: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Lists to be encoded, or a ValueError."""
    numbers, many = vector(given, "values", np.int32), _counts(counts, universe)
    if many.sum() != len(numbers):
        raise ValueError(f"counts must add up to the {len(numbers)} values")
    fresh = np.zeros(len(numbers) + 1, bool)
    fresh[np.cumsum(many) - many] = True
    if not ((numbers[1:] > numbers[:-1]) | fresh[1:-1]).all():
        raise ValueError("values must ascend within each list")
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < universe:
        raise ValueError(f"values must be from 0 to {universe - 1}")
    return numbers, many


def lists(
    stream: ArrayLike, begin: ArrayLike, counts: ArrayLike, universe: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Lists to be decoded, or a ValueError."""
    given, starts, many = (
        vector(stream, "stream", np.uint8),
        vector(begin, "begin", np.int64),
        _counts(counts, universe),
    )
    if len(starts) != len(many):
        raise ValueError("begin and counts must have one number for each list")
    if ((starts < 0) | (starts + sizes(many, universe) > 8 * (len(given) - SPARE))).any():
        raise ValueError("a list reaches beyond the stream")
    return given, starts, many


def _counts(counts: ArrayLike, universe: int) -> NDArray[np.int64]:
    if not 1 <= universe <= LARGEST:
        raise ValueError(f"universe must be from 1 to {LARGEST}, not {universe}")
    many: NDArray[np.int64] = vector(counts, "counts", np.int64)
    if ((many < 0) | (many > universe)).any():
        raise ValueError(f"counts must be from 0 to the universe, {universe}")
    return many
