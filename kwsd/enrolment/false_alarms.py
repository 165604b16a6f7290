"""False alarms per hour as a function of the threshold, from a bank of background speech."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ModelError
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import Codebook

STRETCH = 2.0  # seconds of background that can hold one false alarm
TAIL = 80  # closest stretches, which extrapolate to rates that the bank is too short to show
SHAPES = (-0.5, 0.2)  # of the tail; beyond them a fit to TAIL values is chance
NEARLY_EXPONENTIAL = 1e-3  # shapes nearer to 0 are numerically 0


@dataclass(frozen=True)
class FalseAlarmModel:
    """How close background speech comes to a keyword.

    Attributes:
        dips: [n] how low the distance gets where it gets low in the bank, at least STRETCH apart, ascending.
        hours: how much speech that was.
    """

    dips: NDArray[np.float64]
    hours: float

    def alarms_per_hour(self, threshold: float) -> float:
        """Expected false alarms per hour at a threshold: counted, or extrapolated within the closest TAIL stretches."""
        edge, shape, scale = self._tail
        if threshold >= edge:
            return float(np.searchsorted(self.dips, threshold, side="right")) / self.hours
        reached = max(0.0, 1 + shape * (edge - threshold) / scale)
        return TAIL / self.hours * math.pow(reached, -1 / shape)

    def threshold(self, alarms_per_hour: float) -> float:
        """The largest threshold that keeps to a rate of false alarms: the inverse of `alarms_per_hour`."""
        edge, shape, scale = self._tail
        count = alarms_per_hour * self.hours
        if count >= TAIL:
            return float(self.dips[min(int(count), len(self.dips)) - 1])
        return edge - scale / shape * (math.pow(count / TAIL, -shape) - 1)

    @property
    def spread(self) -> float:
        """Standard deviation of the dips."""
        return float(self.dips.std())

    @property
    def _tail(self) -> tuple[float, float, float]:
        """Edge, shape and scale of a generalized Pareto distribution of how far the closest dips lie below the edge.

        Fitted by moments (Hosking & Wallis 1987, section 2); the shape is kept where such a fit can be trusted.
        """
        edge = float(self.dips[TAIL])
        excess = edge - self.dips[:TAIL]
        mean, variance = float(excess.mean()) + 1e-9, float(excess.var()) + 1e-12
        shape = min(max(0.5 * (1 - mean**2 / variance), SHAPES[0]), SHAPES[1])
        shape = shape if abs(shape) > NEARLY_EXPONENTIAL else -NEARLY_EXPONENTIAL
        return edge, shape, mean * (1 - shape)


def false_alarm_model(keyword: Keyword, bank: Bank, codebook: Codebook) -> FalseAlarmModel:
    """Score a keyword against the bank.

    Raises:
        ModelError: the bank is too short to learn from.
    """
    scorer = KeywordScorer(keyword.scorer, [keyword], bank.hop, codebook)
    distance = np.concatenate([scorer.push(frames).distance[:, 0] for frames in bank.frames()])
    low = np.sort(dips(distance, round(STRETCH / bank.hop)))
    if len(low) <= TAIL:
        raise ModelError(f"the background bank shows only {len(low)} stretches of speech: build it with more hours")
    return FalseAlarmModel(low, bank.hours)


def dips(distance: NDArray[np.float64], apart: int) -> NDArray[np.float64]:
    """The lowest distance of each stretch of so many frames, less those that belong to a neighbour's dip."""
    stretches = distance[: len(distance) // apart * apart].reshape(-1, apart)
    lowest, where = stretches.min(axis=1), stretches.argmin(axis=1) + apart * np.arange(len(stretches))
    near = np.diff(where) < apart
    shared = np.zeros(len(lowest), bool)
    shared[1:] |= near & (lowest[1:] >= lowest[:-1])
    shared[:-1] |= near & (lowest[:-1] > lowest[1:])
    found: NDArray[np.float64] = lowest[~shared & np.isfinite(lowest)]
    return found
