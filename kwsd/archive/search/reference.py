"""The readable twins of the archive's kernels: same names, same arguments, same results to the last bit, much slower.

Nothing falls back to them; they are what the kernels are tested against, and where to read what a search does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search import checks
from kwsd.archive.segments.alternation import sums
from kwsd.archive.segments.quantizer import unpacked
from kwsd.scorers import exact
from kwsd.scorers.reference import subsequence_dtw
from kwsd.tokenizer.codebook import gathered

BLOCK = 4

Scores = tuple[NDArray[np.float32], NDArray[np.int32]]
"""Distances and spans."""


def vote(
    places: NDArray[np.int32],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    shift: NDArray[np.int32],
    weight: NDArray[np.int32],
    frames: int,
    count: int,
    above: int = 0,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """`kwsd.archive.search.kernels.vote`, with a sum for every block of the archive at once."""
    exact.vector(places, "places", np.int32)
    checks.lists(first, last, shift, weight, len(places))
    blocks = np.zeros(-(-checks.frames(frames) // BLOCK) + 1, np.int64)
    for begin, end, added, worth in zip(first, last, shift, weight, strict=True):
        frame = np.clip(places[begin:end].astype(np.int64) + added, 0, frames - 1)
        np.add.at(blocks, frame // BLOCK, worth)
    score = blocks[:-1] + blocks[1:]
    best = np.argsort(-score, kind="stable")[: checks.windows(count)]
    best = best[score[best] > checks.floor(above)]
    return best.astype(np.int32), score[best].astype(np.int32)


def around(
    window: NDArray[np.int32],
    score: NDArray[np.int32],
    reach: int,
    bounds: NDArray[np.int64],
    alive: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`kwsd.archive.search.kernels.around`, window by window and document by document."""
    checks.windows_of_documents(window, score, bounds, alive, BLOCK)
    checks.reach(reach)
    votes = dict(zip(window.tolist(), score.tolist(), strict=True))
    found = [np.empty((0, 2), np.int64)]
    for number, own in votes.items():
        if votes.get(number - 1, -1) >= own or votes.get(number + 1, -1) > own:
            continue
        begin = np.maximum(bounds[:-1], max(0, BLOCK * number - reach))
        end = np.minimum(bounds[1:], min(BLOCK * (number + 2) + reach, bounds[-1]))
        found.append(np.stack([begin, end], axis=1)[(begin < end) & alive])
    first, last = np.concatenate(found).T
    return first.copy(), last.copy()


def align(
    codes: NDArray[np.uint8],
    norms: NDArray[np.uint8],
    gains: NDArray[np.float32],
    tables: NDArray[np.float32],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
) -> Scores:
    """`kwsd.archive.search.kernels.align`, region by region."""
    checks.tables(tables, checks.code_matrix(codes).shape[1], checks.gains(gains))
    frames = len(codes) * (1 if codes.shape[1] == len(tables) else 2)
    checks.norms(norms, frames, len(gains))
    checks.regions(begin, end, frames)
    each = norms if len(gains) > checks.HALF_BYTE else unpacked(norms, frames)
    gain = gains[each]
    return _joined([_scores(_local_costs(codes, gain, tables, a, b)) for a, b in zip(begin, end, strict=True)])


def align_costs(costs: NDArray[np.float32], lengths: NDArray[np.int64]) -> Scores:
    """`kwsd.archive.search.kernels.align_costs`, region by region."""
    local = checks.cost_rows(costs)
    cuts = np.cumsum(checks.region_lengths(lengths, len(local)))[:-1]
    return _joined([_scores(region) for region in np.split(local, cuts) if len(region)])


def nearest(
    codes: NDArray[np.uint8],
    norms: NDArray[np.uint8],
    gains: NDArray[np.float32],
    tables: NDArray[np.float32],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]:
    """`kwsd.archive.search.kernels.nearest`, by `align` and `lowest`."""
    distance, span = align(codes, norms, gains, tables, begin, end)
    at = lowest(distance, end - begin)
    return distance[at], begin + at - (np.cumsum(end - begin) - (end - begin)), span[at]


def lowest(distance: NDArray[np.float32], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """`kwsd.archive.search.kernels.lowest`, region by region."""
    exact.vector(distance, "distance", np.float32)
    first = np.cumsum(checks.region_lengths(lengths, len(distance))) - lengths
    return np.array([a + distance[a : a + n].argmin() for a, n in zip(first, lengths, strict=True)], np.int64)


def _local_costs(
    codes: NDArray[np.uint8], gain: NDArray[np.float32], tables: NDArray[np.float32], begin: int, end: int
) -> NDArray[np.float32]:
    """The cost [n, L] of frames from `begin` up to, not with, `end` to the template's frames."""
    plain = codes.shape[1] == len(tables)
    products = gathered(tables, codes[begin:end]) if plain else sums(codes, tables, begin, end)
    costs: NDArray[np.float32] = np.maximum(np.float32(1) - gain[begin:end, None] * products, np.float32(0))
    return costs


def _scores(costs: NDArray[np.float32]) -> Scores:
    """The alignments of one region, but for those that are far longer or shorter than the template."""
    distance, span = subsequence_dtw(costs)
    fits = (2 * span >= costs.shape[1]) & (span <= 2 * costs.shape[1])
    return np.where(fits, distance, np.float32(np.inf)), np.where(fits, span, np.int32(0))


def _joined(regions: list[Scores]) -> Scores:
    nothing = np.empty(0, np.float32), np.empty(0, np.int32)
    distances, spans = zip(nothing, *regions, strict=True)
    return np.concatenate(distances), np.concatenate(spans)
