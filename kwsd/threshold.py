"""Where the line is drawn between the keyword and everything else.

Two rules. `background`: as far up as a promised rate of false alarms allows, by the tail of the distances that a bank
of background speech has. `midpoint` (Wav2Tok, appendix C): halfway between the typical distance of a hit and the
typical distance of a non-hit; hits are the recordings, each scored by the templates of the others, and non-hits are
the closest that background speech comes in each stretch of the bank.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kwsd.background import Bank
from kwsd.codebook import Codebook
from kwsd.errors import ConfigError, ModelError
from kwsd.keyword import Keyword, Template
from kwsd.matching import matcher
from kwsd.spotter import Scorer

CLOSE = 0.003  # share of background frames whose distance sets a template's scale
STRETCH = 2.0  # seconds of background that can hold one false alarm
TAIL = 80  # closest stretches, which extrapolate to rates that the bank is too short to show
SHAPES = (-0.5, 0.2)  # of the tail; beyond them a fit to TAIL values is chance
NEARLY_EXPONENTIAL = 1e-3  # shapes nearer to 0 are numerically 0
BIN = 0.05  # width of a histogram's bins when a mode is asked for
RULES = ("background", "midpoint")
ALARMS = 0.5  # false alarms per hour that a learned threshold promises unless asked otherwise
TOKENS = ("edit", "levenshtein")  # scorers whose typical distance is a mode


@dataclass(frozen=True)
class Background:
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


def calibrated(templates: Sequence[Template], scorer: str, bank: Bank, codebook: Codebook) -> list[Template]:
    """Templates whose distances mean the same, so that one that is close to everything does not outvote the others.

    Each template's distances are shifted and stretched until background speech is as far from it, on average and in
    its closest few thousandths, as it is from the keyword's templates on average.
    """
    stream = matcher(scorer, templates, bank.hop, codebook)
    distance = np.concatenate([stream.push(frames).distance for frames in bank.frames()])
    known = np.where(np.isfinite(distance), distance, np.nan).astype(np.float64)
    mean = np.nanmean(known, axis=0)
    spread = np.maximum(mean - np.nanquantile(known, CLOSE, axis=0), 1e-3)
    scale = spread / spread.mean()
    pairs = zip(templates, (mean - mean.mean() * scale).tolist(), scale.tolist(), strict=True)
    return [replace(template, offset=offset, scale=s) for template, offset, s in pairs]


def background(keyword: Keyword, bank: Bank, codebook: Codebook) -> Background:
    """Score a keyword against the bank.

    Raises:
        ModelError: the bank is too short to learn from.
    """
    scorer = Scorer(keyword.scorer, [keyword], bank.hop, codebook)
    distance = np.concatenate([scorer.push(frames).distance[:, 0] for frames in bank.frames()])
    low = np.sort(dips(distance, round(STRETCH / bank.hop)))
    if len(low) <= TAIL:
        raise ModelError(f"the background bank shows only {len(low)} stretches of speech: build it with more hours")
    return Background(low, bank.hours)


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


def typical(distances: Sequence[float] | NDArray[np.float64], scorer: str) -> float:
    """The mean for DTW, the mode for edit distance (Wav2Tok, appendix C)."""
    if scorer not in TOKENS:
        return float(np.mean(distances))
    bins, counts = np.unique(np.round(np.asarray(distances) / BIN).astype(int), return_counts=True)
    return float(bins[counts.argmax()] * BIN)


def midpoint(hits: Sequence[float], others: Background, scorer: str) -> float:
    """(m_hit + m_no-hit) / 2 (Wav2Tok, appendix C)."""
    return (typical(hits, scorer) + typical(others.dips, scorer)) / 2


@dataclass(frozen=True)
class Rule:
    """How a threshold is learned.

    Attributes:
        name: "background" or "midpoint".
        alarms_per_hour: false alarms that the background rule promises.

    Raises:
        ConfigError: there is no such rule, or the rate is not above 0.
    """

    name: str = RULES[0]
    alarms_per_hour: float = ALARMS

    def __post_init__(self) -> None:
        if self.name not in RULES:
            raise ConfigError(f'there is no threshold rule "{self.name}": choose one of {", ".join(RULES)}')
        if not 0 < self.alarms_per_hour < np.inf:
            raise ConfigError(f"false alarms per hour are {self.alarms_per_hour:g}: give a number above 0")

    def learn(self, hits: Sequence[float], others: Background, scorer: str) -> tuple[float, str]:
        """The threshold, and in words how it was found; a lone recording has no hits and leaves only the background."""
        if self.name == "midpoint" and hits:
            return midpoint(hits, others, scorer), "midway between the recordings and background speech"
        return others.threshold(self.alarms_per_hour), f"{self.alarms_per_hour:g} false alarms an hour promised"
