"""Where the line is drawn between the keyword and everything else.

Wav2Tok, appendix C: halfway between the typical distance of a hit and the typical distance of a non-hit. Hits are the
recordings, each scored by the templates of the others; non-hits are the closest that background speech comes to the
keyword in each stretch of the bank. The line is moved down where the bank says it would let too much through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kwsd.background import Bank
from kwsd.keyword import Keyword, Template
from kwsd.matching import matcher
from kwsd.spotter import Scorer

CLOSE = 0.01  # share of background frames whose distance sets a template's scale
STRETCH = 2.0  # seconds of background that can hold one false alarm
TAIL = 20  # closest stretches whose spread extrapolates to rates that the bank is too short to show
BIN = 0.05  # width of a histogram's bins when a mode is asked for
TOKENS = ("edit", "levenshtein")  # scorers whose typical distance is a mode


@dataclass(frozen=True)
class Background:
    """How close background speech comes to a keyword.

    Attributes:
        dips: [n] the lowest distance in each stretch of the bank, ascending.
        hours: how much speech that was.
    """

    dips: NDArray[np.float64]
    hours: float

    def alarms_per_hour(self, threshold: float) -> float:
        """Expected false alarms per hour at a threshold: counted, or extrapolated below the closest few."""
        if threshold >= self.dips[TAIL - 1]:
            return float(np.searchsorted(self.dips, threshold, side="right")) / self.hours
        return TAIL / self.hours * float(np.exp((threshold - self.dips[TAIL - 1]) / self._scale))

    def threshold(self, alarms_per_hour: float) -> float:
        """The largest threshold that keeps to a rate of false alarms: the inverse of `alarms_per_hour`."""
        count = alarms_per_hour * self.hours
        if count >= TAIL:
            return float(self.dips[min(int(count), len(self.dips)) - 1])
        return float(self.dips[TAIL - 1] + self._scale * np.log(count / TAIL))

    @property
    def _scale(self) -> float:
        """The mean distance of the closest stretches from the edge of the tail: an exponential fit."""
        return float(np.mean(self.dips[TAIL - 1] - self.dips[: TAIL - 1])) + 1e-6


def calibrated(templates: Sequence[Template], scorer: str, bank: Bank, codebook: NDArray[np.float32]) -> list[Template]:
    """Templates whose distances mean the same, so that one that is close to everything does not outvote the others.

    Each template's distances are shifted and stretched until background speech is as far from it, on average and in
    its closest hundredth, as it is from the keyword's templates on average.
    """
    stream = matcher(scorer, templates, bank.hop, codebook)
    distance = np.concatenate([stream.push(frames).distance for frames in bank.frames()])
    finite = distance[np.isfinite(distance).all(axis=1)]
    mean = finite.mean(axis=0, dtype=np.float64)
    spread = np.maximum(mean - np.quantile(finite, CLOSE, axis=0), 1e-3)
    scale = spread / spread.mean()
    pairs = zip(templates, (mean - mean.mean() * scale).tolist(), scale.tolist(), strict=True)
    return [replace(template, offset=offset, scale=s) for template, offset, s in pairs]


def background(keyword: Keyword, bank: Bank, codebook: NDArray[np.float32]) -> Background:
    """Score a keyword against the bank."""
    scorer = Scorer(keyword.scorer, [keyword], bank.hop, codebook)
    distance = np.concatenate([scorer.push(frames).distance[:, 0] for frames in bank.frames()])
    width = round(STRETCH / bank.hop)
    usable = len(distance) // width * width
    dips = np.sort(distance[:usable].reshape(-1, width).min(axis=1))
    return Background(dips[np.isfinite(dips)], bank.hours)


def typical(distances: Sequence[float] | NDArray[np.float64], scorer: str) -> float:
    """The mean for DTW, the mode for edit distance (Wav2Tok, appendix C)."""
    if scorer not in TOKENS:
        return float(np.mean(distances))
    bins, counts = np.unique(np.round(np.asarray(distances) / BIN).astype(int), return_counts=True)
    return float(bins[counts.argmax()] * BIN)


def midpoint(hits: Sequence[float], others: Background, scorer: str) -> float:
    """(m_hit + m_no-hit) / 2 (Wav2Tok, appendix C)."""
    return (typical(hits, scorer) + typical(others.dips, scorer)) / 2
