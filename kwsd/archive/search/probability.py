"""The probability that a hit is the phrase, from its distance and from how many places chance brings as near.

The distance alone does not say it: a short phrase is near to much that is something else, and a long index holds more
of that than a short one. So the index itself is the measure, as in the normalisation of scores by a cohort (z-norm):
the distances of the nearest places, without the very nearest, which may be the phrase, grow with the logarithm of their
rank. The line through them says how many places as near as a hit chance brings. A logistic regression over that
logarithm, the distance and the number of recordings gives the probability (Platt 1999).
`python -m export.search_calibration` fits it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.manifest import Manifest

CALIBRATION = Path(__file__).parent / "calibration.json"
COHORT = 1000  # nearest places that are looked at, at most
CODES = 20  # of the index to a place: where it is small, fewer places are looked at, lest they be all that there are
SKIPPED = 0.15  # share of them, the nearest, which may be the phrase
FEWEST = 80  # places with which a line is drawn
SMALLEST = 6000  # codes of an index, eight minutes, for which one is drawn
FINE = 6  # decimals of a logarithm, so that it is the same on every machine
SHOWN = 4  # decimals of a probability
MOST = 700.0  # log-odds, lest the exponential overflow


@dataclass(frozen=True)
class Chance:
    """How the distances of places that are not the phrase grow with their rank.

    Attributes:
        nearest: the distance at rank 1, on the line.
        slope: what the distance grows by where the logarithm of the rank grows by 1; more than 0.
    """

    nearest: float
    slope: float

    def expected(self, distance: float) -> float:
        """The logarithm of the number of places at this distance or nearer."""
        return (distance - self.nearest) / self.slope


def chance(distances: Sequence[float], codes: int) -> Chance | None:
    """The least-squares line through the distances [n], ascending, of the nearest places in so many codes.

    None if they are too few. There is a line through the nearer half of them and one through the farther half, and the
    flatter one counts. Where the phrase is said often, its places are among the nearer ones and make that line steep.
    """
    used = np.array(distances[: min(COHORT, codes // CODES)])
    skipped = int(SKIPPED * len(used))
    if codes < SMALLEST or len(used) < FEWEST or not used[-1] > used[skipped]:
        return None
    middle = (skipped + len(used)) // 2
    lines = [_line(used, first, last) for first, last in ((skipped, middle), (middle, len(used)))]
    return min((line for line in lines if line.slope > 0), key=lambda line: line.slope, default=None)


def _line(distances: NDArray[np.float64], first: int, last: int) -> Chance:
    """The line through the distances of the ranks after `first`, up to `last`; sums are exact on every machine."""
    used, logs = distances[first:last], _logs()[first:last]
    log, distance = (math.fsum(each.tolist()) / len(used) for each in (logs, used))
    beside = logs - log
    slope = math.fsum((beside * (used - distance)).tolist()) / math.fsum((beside**2).tolist())
    return Chance(distance - slope * log, slope)


def probability(odds: float) -> float:
    """The probability of log-odds, as it is shown."""
    return round(1 / (1 + math.exp(min(-odds, MOST))), SHOWN)


@dataclass(frozen=True)
class Weights:
    """A logistic regression: what the log-odds that a hit is the phrase are the weighed sum of.

    Attributes:
        constant: in any case.
        distance: for each unit of the hit's distance.
        expected: for each unit of the logarithm of the number of places as near, see `Chance`.
        recordings: for each unit of the logarithm of the number of recordings in the query.
    """

    constant: float
    distance: float
    expected: float
    recordings: float

    def probability(self, distance: float, by: Chance, recordings: int) -> float:
        """The probability that a hit at this distance is the phrase, of which so many recordings were given."""
        odds = self.constant + self.distance * distance + self.expected * by.expected(distance)
        odds += self.recordings * _log(recordings)
        return probability(odds)


@dataclass(frozen=True)
class Calibration:
    """The weights for every kind of index.

    Attributes:
        model: digest of the model that they are for.
        weights: by the bytes of a code, 0 where vectors are kept, and whether they are.
    """

    model: str
    weights: dict[tuple[int, bool], Weights]

    @classmethod
    @cache
    def shipped(cls) -> Calibration:
        """The weights for the shipped model."""
        facts = json.loads(CALIBRATION.read_text())
        kinds = {_kind(one["stages"], one["vectors"]): Weights(*one["weights"]) for one in facts["weights"]}
        return cls(facts["model"], kinds)


def weights_for(manifest: Manifest) -> Weights | None:
    """The weights for an index; None if it was built with another model than the shipped one."""
    shipped, settings = Calibration.shipped(), manifest.settings
    return shipped.weights.get(_kind(settings.stages, settings.vectors)) if manifest.model == shipped.model else None


def _kind(stages: int, vectors: bool) -> tuple[int, bool]:
    """What the weights depend on: where vectors are kept, hits are ranked by these, whatever the codes are."""
    return (0 if vectors else stages), vectors


@cache
def _logs() -> NDArray[np.float64]:
    """[COHORT] the logarithms of the ranks."""
    return np.array([_log(rank) for rank in range(1, COHORT + 1)])


def _log(number: int) -> float:
    return round(math.log(number), FINE)
