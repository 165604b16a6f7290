"""TF-IDF over tokens (H-QuEST, eq. 3-5), and the two rivals of its graph: brute force, and an inverted index (eq. 7).

A document is a window, see `kwsd.archive.search.windows`. Each segment is searched by itself: the inverse document
frequencies are those of its own windows, removed documents included, so that they never change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search.windows import Windows
from kwsd.archive.segments.posting_lists import GAP, WORDS
from kwsd.archive.segments.segment import Segment

AT_ONCE = 1 << 13  # windows whose counts are held in memory at a time: 8 MB in float32


@dataclass(frozen=True)
class Candidates:
    """The best windows of a segment for a query.

    Attributes:
        number: [k] int64, see `kwsd.archive.search.windows`.
        score: [k] float32, higher is better.
    """

    number: NDArray[np.int64]
    score: NDArray[np.float32]

    def part(self, rows: NDArray[np.bool_]) -> Candidates:
        """The windows of these rows."""
        return Candidates(self.number[rows], self.score[rows])


def frequencies(tokens: NDArray[np.integer], words: int = WORDS) -> NDArray[np.float32]:
    """[words] the share of each token among these tokens [t], 0 if there is none; others are only counted (eq. 3)."""
    return (np.bincount(tokens, minlength=words)[:words] / max(1, len(tokens))).astype(np.float32)


def vectors(windows: Windows, rarity: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The TF-IDF vectors [<= AT_ONCE, 256] of all windows as unit vectors, or 0, some windows at a time."""
    for counts in _counts(windows):
        weighed = counts * rarity
        yield weighed / positive(np.linalg.norm(weighed, axis=1))[:, None]


def rarity_of(windows: Windows) -> NDArray[np.float32]:
    """[256] the inverse document frequency of each token (eq. 4); 0 for one that does not occur."""
    holding = np.zeros(WORDS, np.int64)
    for counts in _counts(windows):
        holding += np.count_nonzero(counts, axis=0)
    return rarity_from(holding, len(windows))


def rarity_from(holding: NDArray[np.int64], windows: int) -> NDArray[np.float32]:
    """[n] the inverse document frequencies of tokens that so many [n] of the windows hold (eq. 4)."""
    return np.log(np.where(holding > 0, windows / np.maximum(holding, 1), 1)).astype(np.float32)


def by_brute_force(segment: Segment, tokens: NDArray[np.uint8], count: int) -> Candidates:
    """The `count` windows of the greatest cosine with a query's tokens [t] (eq. 5): all windows are compared."""
    known = _statistics(segment)
    weight = frequencies(tokens) * known.rarity
    # Along an axis numpy adds in a fixed order; without one it asks the BLAS library, whose order is the processor's.
    weight = weight / max(float(np.linalg.norm(weight, axis=0)), 1e-9) * known.rarity
    windows = Windows(segment)
    products = np.empty(len(windows), np.float32)
    for numbers in _numbers(windows):
        of_windows = windows.tokens(numbers)
        products[numbers] = np.bincount(of_windows.window, weight[of_windows.token], len(numbers))
    return best(windows, np.arange(len(windows)), products / known.length, count)


def by_inverted_index(segment: Segment, tokens: NDArray[np.uint8], count: int) -> Candidates:
    """The `count` windows with the greatest sum of TF-IDF products with a query's tokens [t] (eq. 7).

    Only windows that hold one of the tokens are scored; the posting lists give them.
    """
    windows, shares = Windows(segment), frequencies(tokens)
    found, products = [np.zeros(0, np.int64)], [np.zeros(0)]
    for token in np.unique(tokens):
        number, times = _holding(windows, int(token))
        rarity = rarity_from(np.array([len(number)]), len(windows))[0]
        found.append(number)
        products.append(times * (shares[token] * rarity**2))
    number, of_which = np.unique(np.concatenate(found), return_inverse=True)
    sums = np.bincount(of_which, np.concatenate(products), len(number))
    lengths = [windows.tokens(number[first : first + AT_ONCE]).count for first in range(0, len(number), AT_ONCE)]
    return best(windows, number, sums / np.concatenate([np.zeros(0), *lengths]), count)


def best(windows: Windows, number: NDArray[np.int64], score: NDArray[np.floating], count: int) -> Candidates:
    """The `count` of these windows [w] with the greatest scores [w] above 0, best first, without removed ones."""
    kept = greatest(score, (score > 0) & windows.alive(number), count)
    return Candidates(number[kept], score[kept].astype(np.float32))


def greatest(score: NDArray[np.floating], allowed: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    """Where the `count` greatest of the allowed scores [n] are, best first; equal ones in their order."""
    kept = np.flatnonzero(allowed)
    if len(kept) > count:
        least = np.partition(score[kept], -count)[-count]
        kept = kept[score[kept] >= least]
    found: NDArray[np.intp] = kept[np.argsort(-score[kept], kind="stable")[:count]]
    return found


@dataclass(frozen=True)
class _Statistics:
    """Reused by the next query: inverse document frequencies [256], and lengths [w] of TF-IDF vectors."""

    rarity: NDArray[np.float32]
    length: NDArray[np.float32]


_KNOWN: WeakKeyDictionary[Segment, _Statistics] = WeakKeyDictionary()


def _statistics(segment: Segment) -> _Statistics:
    if segment not in _KNOWN:
        windows = Windows(segment)
        rarity = rarity_of(windows)
        lengths = [np.linalg.norm(counts * rarity, axis=1) for counts in _counts(windows)]
        _KNOWN[segment] = _Statistics(rarity, positive(np.concatenate([np.zeros(0, np.float32), *lengths])))
    return _KNOWN[segment]


def _counts(windows: Windows) -> Iterator[NDArray[np.float32]]:
    """How often each token is in each window [<= AT_ONCE, 256], some windows at a time."""
    for numbers in _numbers(windows):
        tokens = windows.tokens(numbers)
        counts = np.bincount(tokens.window * WORDS + tokens.token, minlength=len(numbers) * WORDS)
        yield counts.reshape(-1, WORDS).astype(np.float32)


def _numbers(windows: Windows) -> Iterator[NDArray[np.int64]]:
    for first in range(0, len(windows), AT_ONCE):
        yield np.arange(first, min(first + AT_ONCE, len(windows)))


def positive(lengths: NDArray[np.floating]) -> NDArray[np.floating]:
    """Lengths [n] of vectors to divide by: 1 for a vector of nothing but 0."""
    return np.where(lengths > 0, lengths, np.float32(1))


def _holding(windows: Windows, token: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The windows [w] that hold a token, and how many runs of it [w] each."""
    segment = windows.segment
    places = np.sort(np.concatenate([segment.pairs.starting_with(token), _without_pair(segment, token)]))
    number, which = windows.at(places)
    place = places[which]
    goes_on = np.concatenate([[False], np.diff(places) == 1])[which] & (place > windows.bounds(number)[0])
    return np.unique(number[~goes_on], return_counts=True)


def _without_pair(segment: Segment, token: int) -> NDArray[np.int64]:
    """The places of a token so near to the end of a document that no pair begins there."""
    bounds = segment.documents.bounds
    ends = bounds[1:, None] - np.arange(1, GAP + 1)
    places: NDArray[np.int64] = ends[ends >= bounds[:-1, None]]
    there: NDArray[np.int64] = places[segment.words(places) == token]
    return there
