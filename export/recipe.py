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
    """

    steps: int
    rate: float
    noisy: float
    ratio: tuple[float, float]


@dataclass(frozen=True)
class Recipe:
    """Speech with mild noise first, then a second round at half the rate with harder noise."""

    seed: int = 20261121
    phases: tuple[Phase, ...] = (Phase(7000, 2e-3, 0.7, (-2.0, 20.0)), Phase(5000, 1e-3, 0.85, (-5.0, 15.0)))
    batch: int = 24
    seconds: float = 6.4
    cluster_weight: float = 0.5

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
