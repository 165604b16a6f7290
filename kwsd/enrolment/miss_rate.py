"""The expected miss rate of a keyword, from its own recordings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Misses:
    """Misses in the leave-one-out test: each recording is scored by the keyword made of the others.

    Attributes:
        count: recordings that are missed at the keyword's threshold.
        recordings: number of recordings, at least two.
        rate: expected miss rate on further recordings of the same kind, see `miss_rate`.
    """

    count: int
    recordings: int
    rate: float


def misses(distances: Sequence[float], threshold: float, deviation: float, farther: float = 1.0) -> Misses | None:
    """The misses among leave-one-out distances; None if there are none, for a single recording. As `miss_rate`.

    Further recordings are expected to be so many times `farther` than these.
    """
    if not distances:
        return None
    count = sum(d > threshold for d in distances)
    return Misses(count, len(distances), miss_rate([farther * d for d in distances], threshold, deviation))


def miss_rate(distances: Sequence[float], threshold: float, deviation: float) -> float:
    """The expected share of further recordings that will be missed.

    Each recording counts as the part above the threshold of a normal distribution around its distance, because a count
    of few recordings is coarse. The rate is not below 0.5 / (n + 1), the mean of the Jeffreys posterior
    Beta(1/2, n + 1/2) of no miss in n recordings.

    Args:
        distances: of each recording from the keyword made of the others, at least one.
        threshold: of the keyword.
        deviation: standard deviation of the normal distribution, for example `FalseAlarmModel.deviation`.
    """
    smooth = [0.5 + 0.5 * math.erf((d - threshold) / (deviation * math.sqrt(2))) for d in distances]
    return max(sum(smooth) / len(smooth), 0.5 / (len(smooth) + 1))
