"""The readable twins of `elias_fano`, `beam` and `pairs` beside this module: same results, much slower."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments import beam_checks, bits, pair_checks
from kwsd.archive.segments.alternation import first_words
from kwsd.archive.segments.posting_lists import GAP, WORDS, begins_pair


def encode(values: NDArray[np.int32], counts: NDArray[np.int64], universe: int) -> NDArray[np.uint8]:
    """`kwsd.archive.segments.elias_fano.encode`, with a boolean for each bit."""
    bits.values(values, counts, universe)
    stream = np.zeros(8 * bits.room(counts, universe), bool)
    lists = np.split(values.astype(np.int64), np.cumsum(counts)[:-1])
    for numbers, begin, low in zip(lists, bits.begins(counts, universe), bits.low_bits(counts, universe), strict=True):
        index = np.arange(len(numbers))
        for bit in range(low):
            stream[begin + index * low + bit] = numbers >> bit & 1
        stream[begin + len(numbers) * low + (numbers >> low) + index] = True
    return np.packbits(stream, bitorder="little")


def decode(
    stream: NDArray[np.uint8], begin: NDArray[np.int64], counts: NDArray[np.int64], universe: int
) -> NDArray[np.int32]:
    """`kwsd.archive.segments.elias_fano.decode`, with a boolean for each bit."""
    bits.lists(stream, begin, counts, universe)
    whole, found = np.unpackbits(stream, bitorder="little"), [np.zeros(0, np.int64)]
    for start, count, low in zip(begin, counts, bits.low_bits(counts, universe), strict=True):
        lower = whole[start : start + count * low].reshape(count, low) @ (1 << np.arange(low, dtype=np.int64))
        end = start + bits.sizes(np.array([count]), universe)[0]
        upper = np.flatnonzero(whole[start + count * low : end])[:count]
        if len(upper) < count:
            raise ValueError("the stream holds no such lists")
        numbers = (upper - np.arange(count) << low) + lower
        if (numbers >= universe).any() or (np.diff(numbers) <= 0).any():
            raise ValueError("the stream holds no such lists")
        found.append(numbers)
    return np.concatenate(found).astype(np.int32)


def nearest_sums(
    products: NDArray[np.float32], halves: NDArray[np.float32], crosses: NDArray[np.float32], width: int, first: int = 1
) -> NDArray[np.uint8]:
    """`kwsd.archive.segments.beam.nearest_sums`, all vectors together."""
    beam_checks.tables(products, halves, crosses)
    beam_checks.width(width)
    beam_checks.width(first)
    count, stages, words = products.shape
    rows = np.arange(count)[:, None]
    codes, costs = np.zeros((count, 1, 0), np.intp), np.zeros((count, 1), np.float32)
    for stage in range(stages):
        longer = costs[:, :, None] + (halves[stage] - products[:, stage])[:, None]
        for before in range(stage):
            longer = longer + crosses[before, stage][codes[:, :, before]]
        longer = longer.reshape(count, -1)
        kept = np.argsort(longer, axis=1, kind="stable")[:, : width if stage else first]
        codes = np.concatenate([codes[rows, kept // words], (kept % words)[:, :, None]], axis=2)
        costs = longer[rows, kept]
    return codes[:, 0].astype(np.uint8)


def find(
    rows: NDArray[np.uint8], stages: int, bounds: NDArray[np.int64], terms: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """`kwsd.archive.segments.pairs.find`, with all pairs of all codes at once."""
    pair_checks.scan(rows, stages, bounds, terms)
    words = first_words(rows) if rows.shape[1] > stages else rows[:, 0]
    places = np.flatnonzero(begins_pair(bounds))
    pairs = words[places].astype(np.int64) * WORDS + words[places + GAP]
    lists = [places[pairs == term] for term in terms]
    counts = np.array([len(one) for one in lists], np.int64)
    return counts, np.concatenate([np.zeros(0, np.int64), *lists]).astype(np.int32)
