"""How often near phrases are detected, from the distances of hits and of near phrases of each enrolled phrase."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.measures import Average, Scores, averaged

FOUND = 0.95  # of the hits of all phrases


@dataclass(frozen=True)
class Outcome:
    """What one enrolled phrase did.

    Attributes:
        text: the phrase.
        hits: [n] the lowest distance in each recording of it.
        near: [m] the same in each recording of a near phrase.
        near_texts: [m] the near phrases.
    """

    text: str
    hits: Scores
    near: Scores
    near_texts: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """A phrase, one near to it, and how many of its recordings are detected at the common threshold."""

    text: str
    near: str
    fired: int
    said: int


def common_threshold(outcomes: Sequence[Outcome], found: float = FOUND) -> float:
    """The lowest distance up to which this share of the hits of all phrases lies."""
    hits = np.sort(np.concatenate([one.hits for one in outcomes]))
    return float(hits[math.ceil(found * len(hits)) - 1])


def fire(outcomes: Sequence[Outcome], threshold: float) -> Average:
    """The near phrases, in percent, that are detected at a threshold; enrolled phrases are resampled."""
    return averaged([100.0 * (one.near <= threshold) for one in outcomes])


def nearer(outcomes: Sequence[Outcome]) -> Average:
    """How often, in percent, a near phrase is nearer than a hit of the same phrase: the area above the ROC curve."""
    return averaged([_nearer(one.near, one.hits) for one in outcomes])


def _nearer(near: Scores, hits: Scores) -> NDArray[np.float64]:
    """[m, n] 100 where a near phrase is nearer than a hit, 50 where it is as near."""
    pairs: NDArray[np.float64] = 50.0 * (near[:, None] < hits) + 50.0 * (near[:, None] <= hits)
    return pairs


def worst(outcomes: Sequence[Outcome], threshold: float, count: int) -> list[Pair]:
    """The pairs of which most recordings are detected at a threshold; of equals first those said less often."""
    pairs = []
    for one in outcomes:
        by_text = defaultdict[str, list[bool]](list)
        for text, distance in zip(one.near_texts, one.near.tolist(), strict=True):
            by_text[text].append(distance <= threshold)
        pairs += [Pair(one.text, text, sum(flags), len(flags)) for text, flags in by_text.items()]
    return sorted(pairs, key=lambda pair: (-pair.fired, pair.said, pair.text, pair.near))[:count]
