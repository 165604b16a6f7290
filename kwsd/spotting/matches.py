"""What a matcher is and gives: how well each template ends at each frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kwsd.tokenizer.frames import Frames


@dataclass(frozen=True)
class Matches:
    """How well each template ends at each frame.

    Attributes:
        distance: [n, k] float32, infinite where a template cannot end yet.
        start: [n, k] seconds at which the matched stretch begins.
    """

    distance: NDArray[np.float32]
    start: NDArray[np.float64]

    def at(self, rows: slice | NDArray[np.intp]) -> Matches:
        """Some of the frames."""
        return Matches(self.distance[rows], self.start[rows])

    def then(self, later: Matches) -> Matches:
        """These matches and those of the frames that follow."""
        return Matches(np.vstack([self.distance, later.distance]), np.vstack([self.start, later.start]))

    @classmethod
    def none(cls, templates: int) -> Matches:
        """One frame at which nothing can end yet."""
        return cls(np.full((1, templates), np.inf, np.float32), np.zeros((1, templates)))


class Matcher(Protocol):
    """A stream of frames to matches; any split gives the one-shot answer.

    Attributes:
        foresight: frames that `ahead` looks ahead.
    """

    foresight: int

    def push(self, frames: Frames) -> Matches:
        """The matches that end at each of these frames."""

    def ahead(self) -> NDArray[np.float32]:
        """[k] about the lowest distance that each template can reach within the next `foresight` frames."""

    def reset(self) -> None:
        """Forget the stream."""


class Aligner(Protocol):
    """A streaming kernel over stacked templates, see `kwsd.scorers`."""

    def push(self, costs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Distances and spans [n, k] of n rows of local costs."""

    def reset(self) -> None:
        """Forget the stream."""
