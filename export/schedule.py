"""Where a run is in its recipe: by the number of steps, or by the clock where only so many minutes are to be had."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from export.recipe import Recipe

Clock = Callable[[], float]


@dataclass(frozen=True)
class Place:
    """Where a step lies.

    Attributes:
        phase: index among the phases of the run; the number of phases when the run is over.
        done: the share of the phase that is done.
    """

    phase: int
    done: float


class Schedule:
    """The place of each step.

    Args:
        recipe: its phases' steps say how long each lasts, or their proportions if there is a clock.
        minutes: the length of the run by the clock; None counts steps, which alone can be repeated exactly.
        spent: minutes that were used before the run was interrupted.
        clock: seconds.
    """

    def __init__(
        self,
        recipe: Recipe,
        minutes: float | None = None,
        spent: float = 0.0,
        clock: Clock = time.monotonic,
    ) -> None:
        self._steps = [phase.steps for phase in recipe.todo]
        self._minutes, self._clock = minutes, clock
        self._started = clock() - 60 * spent

    @property
    def spent(self) -> float:
        """Minutes used so far, earlier parts of an interrupted run included."""
        return (self._clock() - self._started) / 60

    def at(self, step: int) -> Place:
        """The place of a step, or of this moment if there is a clock."""
        done = step if self._minutes is None else self.spent / self._minutes * sum(self._steps)
        for phase, steps in enumerate(self._steps):
            if done < steps:
                return Place(phase, done / steps)
            done -= steps
        return Place(len(self._steps), 0.0)
