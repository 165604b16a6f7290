"""The score feed: the distances of the keywords, from the daemon's loop to the clients of control that ask for them."""

from __future__ import annotations

import math
from typing import Protocol

from kwsd.spotting.score_track import ScoreTrack


class Listeners(Protocol):
    """Where the distances go, such as `kwsd.control.server.ControlServer`."""

    @property
    def wants_scores(self) -> bool:
        """Whether anybody asked for them."""

    def send_scores(self, seconds: float, distances: dict[str, float]) -> None:
        """Send the lowest distances since the last call, up to a second of the stream."""


class ScoreFeed:
    """A log of the score track that keeps nothing.

    Attributes:
        names: of the keywords, in the order of the columns of the score track.
    """

    def __init__(self, listeners: Listeners) -> None:
        self.names: tuple[str, ...] = ()
        self._listeners = listeners

    def add(self, track: ScoreTrack) -> None:
        """Send the lowest distance of each keyword in this part of the score track."""
        if not self._listeners.wants_scores or not len(track.time):
            return
        lowest = zip(self.names, track.distance.min(axis=0), strict=True)
        # Before the first seconds of a stream a distance is infinite, a number that JSON lacks.
        self._listeners.send_scores(
            float(track.time[-1]), {name: float(distance) for name, distance in lowest if math.isfinite(distance)}
        )
