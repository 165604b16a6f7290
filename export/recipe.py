"""Everything that decides a training run, beside the data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

WARM_UP = 0.08  # share of a phase in which the learning rate rises


@dataclass(frozen=True)
class Phase:
    """A stretch of training with a learning rate that rises, then falls to nothing on a cosine.

    Attributes:
        steps: its length.
        rate: the largest learning rate.
        noisy: share of windows that get noise.
        ratio: decibels between which the signal-to-noise ratio is drawn.
        field: share of windows that are heard as people's devices hear them: coded, by another voice, through an
            automatic gain or a noise suppression, clipped.
        spotting: weight of the spotting loss; where it is not 0, windows are drawn in pairs.
        phones: weight of the cross-entropy of phones.
    """

    steps: int
    rate: float
    noisy: float
    ratio: tuple[float, float]
    field: float = 0.0
    spotting: float = 0.0
    phones: float = 0.0

    def rate_at(self, done: float) -> float:
        """The learning rate when a share of the phase is done."""
        if done < WARM_UP:
            return self.rate * max(done, 1 / self.steps) / WARM_UP
        return self.rate * 0.5 * (1 + math.cos(math.pi * min(1.0, (done - WARM_UP) / (1 - WARM_UP))))


@dataclass(frozen=True)
class Recipe:
    """Imitate the teacher with mild noise, with harder noise, and in the field; then learn to spot words there.

    Attributes:
        seed: everything drawn at random is drawn from it and the step's number.
        phases: in order.
        first: the first phase of the run; those before it made the model that the run starts from.
        batch: windows a step.
        seconds: length of a window.
        token_weight: of the cross-entropy of tokens.
        spotting_scale: of the distances of the spotting loss.
        former: share, in the mean that is exported, of the model that the run started from or, without one, of the
            weights before the last phase.
    """

    seed: int = 20261121
    phases: tuple[Phase, ...] = (
        Phase(7000, 2e-3, 0.7, (-2.0, 20.0)),
        Phase(5000, 1e-3, 0.85, (-5.0, 15.0)),
        Phase(9000, 1.5e-3, 0.8, (-3.0, 20.0), field=0.8, phones=0.3),
        Phase(3000, 4e-4, 0.75, (0.0, 20.0), field=0.8, spotting=1.0, phones=0.5),
    )
    first: int = 0
    batch: int = 24
    seconds: float = 6.4
    token_weight: float = 0.5
    spotting_scale: float = 8.0
    former: float = 0.5

    def onward(self) -> Recipe:
        """The same, starting from a model that has learned to imitate the teacher in noise."""
        return replace(self, first=2)

    @property
    def todo(self) -> tuple[Phase, ...]:
        """The phases of the run."""
        return self.phases[self.first :]

    @property
    def steps(self) -> int:
        """The length of the run."""
        return sum(phase.steps for phase in self.todo)
