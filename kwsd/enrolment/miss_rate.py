"""The expected miss rate of a keyword, from its own recordings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Misses:
    """How often a keyword is not heard, as its recordings show it: each is given to the keyword that the others make.

    Attributes:
        count: recordings that would be missed at the keyword's threshold.
        recordings: how many there are, at least two.
        rate: share of further recordings of the same kind that will be missed, see `miss_rate`.
    """

    count: int
    recordings: int
    rate: float


def misses(distances: Sequence[float], threshold: float, spread: float) -> Misses | None:
    """How many of the recordings left out are missed, and what to expect of others; None for an only recording."""
    if not distances:
        return None
    count = sum(d > threshold for d in distances)
    return Misses(count, len(distances), miss_rate(distances, threshold, spread))


def miss_rate(distances: Sequence[float], threshold: float, spread: float) -> float:
    """The share of further recordings that will be missed, from the distances of at least one that was left out.

    Counts of a few recordings are coarse, so each counts by how far it is from the threshold: as the share above the
    threshold of a normal distribution around it. No recording near the threshold still leaves open what no miss in n
    leaves open, the mean of Jeffreys' posterior, Beta(1/2, n + 1/2).

    Args:
        distances: of each recording from the keyword that the others make.
        threshold: of the keyword.
        spread: standard deviation of the distribution; that of the background's closest distances does well.
    """
    smooth = [0.5 + 0.5 * math.erf((d - threshold) / (spread * math.sqrt(2))) for d in distances]
    return max(sum(smooth) / len(smooth), 0.5 / (len(smooth) + 1))
