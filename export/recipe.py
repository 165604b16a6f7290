"""Everything that decides a training run, beside the data."""

from __future__ import annotations

import math
from dataclasses import dataclass

WARM_UP = 0.08  # share of a phase's steps in which the learning rate rises


@dataclass(frozen=True)
class Phase:
    """A stretch of training with a learning rate that rises, then falls to nothing on a cosine.

    Attributes:
        steps: its length.
        rate: the largest learning rate.
        noisy: share of windows that get noise.
        ratio: decibels between which the signal-to-noise ratio is drawn.
        spotting: weight of the spotting loss; where it is not 0, windows are drawn in pairs.
        phones: weight of the cross-entropy of phones.
    """

    steps: int
    rate: float
    noisy: float
    ratio: tuple[float, float]
    spotting: float = 0.0
    phones: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """Imitate the teacher with mild noise, then with harder noise, then learn to spot words and to name phones."""

    seed: int = 20261121
    phases: tuple[Phase, ...] = (
        Phase(7000, 2e-3, 0.7, (-2.0, 20.0)),
        Phase(5000, 1e-3, 0.85, (-5.0, 15.0)),
        Phase(4000, 5e-4, 0.8, (-3.0, 20.0), spotting=1.0, phones=0.5),
    )
    batch: int = 24
    seconds: float = 6.4
    token_weight: float = 0.5
    spotting_scale: float = 8.0

    @property
    def last(self) -> int:
        """The first step of the last phase."""
        return self.steps - self.phases[-1].steps

    @property
    def steps(self) -> int:
        """The length of the run."""
        return sum(phase.steps for phase in self.phases)

    def at(self, step: int) -> tuple[Phase, int]:
        """The phase that a step belongs to, and the step's number within it."""
        for phase in self.phases:
            if step < phase.steps:
                return phase, step
            step -= phase.steps
        return self.phases[-1], self.phases[-1].steps

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        phase, done = self.at(step)
        warm = WARM_UP * phase.steps
        if done < warm:
            return phase.rate * (done + 1) / warm
        return phase.rate * 0.5 * (1 + math.cos(math.pi * min(1.0, (done - warm) / (phase.steps - warm))))
