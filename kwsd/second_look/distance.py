"""How far a detection is from the recordings of its keyword as the second look hears them, and how far it may be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwsd.scorers import cosine_costs, subsequence_dtw

Look = tuple[NDArray[np.float32], ...]
"""The [T, m] vectors of a phrase in each condition, the recording as it is first, see `kwsd.second_look.conditions`."""

Behind = tuple[float, ...]
"""How far the keyword's words are behind in each condition of a recording, see `Decoder`; empty if not compared."""

USUAL = 0.16  # distance from each other that recordings of a phrase by different people may be expected to have
USUAL_COUNTS = 3  # recordings, as many as that counts
REACH = {"usual": 1.5, "strict": 1.25}  # times as far as recordings are from each other that a detection may be


def nearest(vectors: NDArray[np.float32], looks: Sequence[Look]) -> tuple[float, int]:
    """The mean over recordings of their distance, in the condition in which that is the smallest, and that condition.

    The distance of a recording is the cost 1 - cos along the best alignment, by its length (Müller 2007).

    Args:
        vectors: [n, m] of a detection and EDGE around it.
        looks: of each recording.
    """
    return min((_mean_distance(vectors, phrases), i) for i, phrases in enumerate(zip(*looks, strict=True)))


def leave_one_out(looks: Sequence[Look]) -> list[float]:
    """The distance of each recording from the others, all as they are; empty for a single one."""
    phrases = [look[0] for look in looks]
    if len(phrases) < 2:
        return []
    return [_mean_distance(one, [*phrases[:i], *phrases[i + 1 :]]) for i, one in enumerate(phrases)]


def limit(looks: Sequence[Look], reach: float) -> float:
    """The largest distance at which a detection is confirmed, `reach` times as far as recordings are from each other.

    How far recordings are from each other is known the less the fewer there are, so that what is USUAL counts too.
    """
    known = leave_one_out(looks)
    return reach * (sum(known) + USUAL_COUNTS * USUAL) / (len(known) + USUAL_COUNTS)


def _mean_distance(vectors: NDArray[np.float32], phrases: Sequence[NDArray[np.float32]]) -> float:
    return float(np.mean([subsequence_dtw(cosine_costs(vectors, phrase))[0].min() for phrase in phrases]))
