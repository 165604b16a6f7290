"""Near misses: where the distance of a keyword came near to its threshold, and the keyword was not detected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kwsd.spotting.score_track import ScoreTrack

MARGIN = 0.1  # above the threshold; the distance of a near miss is at most so much larger
AFTER = 1.0  # s after the distance was under the threshold; what comes so soon belongs to the same words


@dataclass(frozen=True)
class NearMiss:
    """A keyword was nearly detected.

    Attributes:
        start, end: seconds from the start of the stream.
        distance: the lowest distance there, above the threshold.
    """

    start: float
    end: float
    distance: float


class NearMisses:
    """A log of the score track of one keyword that finds near misses; each is known when the distance rises again.

    Args:
        threshold: the keyword's.

    Attributes:
        distance: the lowest distance in the last part of the score track; infinite before there is one.
    """

    def __init__(self, threshold: float) -> None:
        self.distance = float("inf")
        self._threshold = threshold
        self._under = float("-inf")  # time of the last frame under the threshold
        self._nearest: NearMiss | None = None
        self._found: list[NearMiss] = []

    def add(self, track: ScoreTrack) -> None:
        """Take the next part of the score track."""
        if not len(track.time):
            return
        self.distance = float(track.distance[:, 0].min())
        columns = (track.time, track.distance[:, 0], track.start[:, 0], track.end[:, 0])
        for time, distance, start, end in np.stack(columns, axis=1).tolist():
            self._step(time, NearMiss(start, end, distance))

    def take(self) -> list[NearMiss]:
        """The near misses since the last call."""
        found, self._found = self._found, []
        return found

    def flush(self) -> list[NearMiss]:
        """The near misses since the last call, with one that the end of the stream cuts off."""
        self._finish()
        return self.take()

    def _step(self, time: float, here: NearMiss) -> None:
        if here.distance <= self._threshold:
            self._under, self._nearest = time, None
        elif here.distance > self._threshold + MARGIN:
            self._finish()
        elif time - self._under > AFTER and (self._nearest is None or here.distance < self._nearest.distance):
            self._nearest = here

    def _finish(self) -> None:
        if self._nearest is not None:
            self._found.append(self._nearest)
        self._nearest = None
