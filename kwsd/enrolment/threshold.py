"""Where the line is drawn between the keyword and everything else.

Two rules. `background`: as far up as a promised rate of false alarms allows, by the tail of the distances that a bank
of background speech has. `midpoint` (Wav2Tok, appendix C): halfway between the typical distance of a hit and the
typical distance of a non-hit; hits are the recordings, each scored by the templates of the others, and non-hits are
the closest that background speech comes in each stretch of the bank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.enrolment.false_alarms import (
    FalseAlarmModel,
)
from kwsd.errors import ConfigError

BIN = 0.05  # width of a histogram's bins when a mode is asked for
RULES = ("background", "midpoint")
ALARMS = 0.5  # false alarms per hour that a learned threshold promises unless asked otherwise
TOKENS = ("edit", "levenshtein")  # scorers whose typical distance is a mode


def typical(distances: Sequence[float] | NDArray[np.float64], scorer: str) -> float:
    """The mean for DTW, the mode for edit distance (Wav2Tok, appendix C)."""
    if scorer not in TOKENS:
        return float(np.mean(distances))
    bins, counts = np.unique(np.round(np.asarray(distances) / BIN).astype(int), return_counts=True)
    return float(bins[counts.argmax()] * BIN)


def midpoint(hits: Sequence[float], others: FalseAlarmModel, scorer: str) -> float:
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

    def learn(self, hits: Sequence[float], others: FalseAlarmModel, scorer: str) -> tuple[float, str]:
        """The threshold, and in words how it was found; a lone recording has no hits and leaves only the background."""
        if self.name == "midpoint" and hits:
            return midpoint(hits, others, scorer), "midway between the recordings and background speech"
        return others.threshold(self.alarms_per_hour), f"{self.alarms_per_hour:g} false alarms an hour promised"
