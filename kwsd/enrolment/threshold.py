"""The rules that set the threshold of a keyword.

`background`: the largest threshold with at most a given rate of false alarms, estimated on a bank of background
speech. `midpoint` (Wav2Tok, appendix C): halfway between the typical distance of a hit and the typical distance of a
non-hit; hits are the recordings, each scored by the templates of the others, and non-hits are the local minima of the
distance to background speech.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.enrolment.false_alarms import FalseAlarms
from kwsd.errors import ConfigError

BIN = 0.05  # width of the histogram's bins for the mode
RULES = ("background", "midpoint")
ALARMS = 0.5  # false alarms per hour of the background rule by default


def typical(distances: Sequence[float] | NDArray[np.float64], scorer: str) -> float:
    """The mean of distances, or their mode for plain edit distance, which has few values (Wav2Tok, appendix C)."""
    if scorer != "levenshtein":
        return float(np.mean(distances))
    bins, counts = np.unique(np.round(np.asarray(distances) / BIN).astype(int), return_counts=True)
    return float(bins[counts.argmax()] * BIN)


def midpoint(hits: Sequence[float], others: FalseAlarms, scorer: str) -> float:
    """The threshold (m_hit + m_no-hit) / 2 (Wav2Tok, appendix C), from the distances of hits, at least one."""
    return (typical(hits, scorer) + typical(others.minima, scorer)) / 2


@dataclass(frozen=True)
class Rule:
    """A rule that sets the threshold.

    Attributes:
        name: "background" or "midpoint".
        alarms_per_hour: the rate of false alarms of the background rule.

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

    def learn(self, hits: Sequence[float], others: FalseAlarms, scorer: str) -> tuple[float, str]:
        """The threshold and a description of the rule; without hits (a single recording) it is the background rule.

        Args:
            hits: distance of each recording from the keyword made of the others.
            others: false alarms of the keyword.
            scorer: the keyword's scorer.
        """
        if self.name == "midpoint" and hits:
            return midpoint(hits, others, scorer), "midway between the recordings and background speech"
        return others.threshold(self.alarms_per_hour), f"{self.alarms_per_hour:g} false alarms an hour promised"
