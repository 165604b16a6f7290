"""Detections: where the score track dips under a keyword's threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.keywords.keyword import Keyword
from kwsd.spotting.score_track import ScoreTrack

SETTLE = 2  # frames without a new best before a dip is taken as the keyword's end


@dataclass(frozen=True)
class Detection:
    """A keyword was spoken.

    Attributes:
        keyword: its name.
        start, end: seconds from the start of the stream.
        distance: how far the speech was from the templates.
        threshold: the distance that would just have been a detection.
    """

    keyword: str
    start: float
    end: float
    distance: float
    threshold: float


@dataclass
class _Dip:
    """A stretch under the threshold whose lowest point may still come."""

    distance: float
    start: float
    end: float
    age: int = 0


class Detector:
    """A score track to detections: one per dip, at its lowest point, then silence for the refractory time."""

    def __init__(self, keywords: Sequence[Keyword], hop: float, refractory: float) -> None:
        self._names = [keyword.name for keyword in keywords]
        self.threshold = np.array([keyword.threshold for keyword in keywords])
        self._hop, self._refractory = hop, refractory
        self._dips: dict[int, _Dip]
        self._until: NDArray[np.float64]
        self._under: NDArray[np.bool_]
        self.reset()

    def push(self, track: ScoreTrack) -> list[Detection]:
        """The detections that became certain."""
        below = track.distance <= self.threshold
        found = []
        for i, k in zip(*np.nonzero(below | self._watch(below)), strict=True):
            dip = self._step(i, k, track, bool(below[i, k]))
            if dip:
                found.append(self._detection(k, dip))
        self._under = below[-1] if len(below) else self._under
        return found

    def flush(self) -> list[Detection]:
        """The detection still waited for at the end of a stream."""
        found = [self._detection(k, dip) for k, dip in self._dips.items()]
        self.reset()
        return found

    def reset(self) -> None:
        """Forget the stream."""
        self._dips = {}
        self._until = np.full(len(self._names), -np.inf)
        self._under = np.zeros(len(self._names), bool)

    def _watch(self, below: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The frames at which a dip in progress may be over: all that follow a frame under the threshold."""
        return np.vstack([self._under, below[:-1]]) if len(below) else below

    def _step(self, i: int, k: int, track: ScoreTrack, below: bool) -> _Dip | None:
        dip = self._dips.get(k)
        distance = float(track.distance[i, k])
        if dip is None:
            if below and track.time[i] >= self._until[k]:
                self._dips[k] = _Dip(distance, float(track.start[i, k]), float(track.end[i, k]))
            return None
        if distance < dip.distance:
            dip.distance, dip.start, dip.end, dip.age = distance, float(track.start[i, k]), float(track.end[i, k]), 0
            return None
        dip.age += 1
        if below and dip.age < SETTLE:
            return None
        self._until[k] = track.time[i] + self._refractory
        return self._dips.pop(k)

    def _detection(self, k: int, dip: _Dip) -> Detection:
        end = dip.end + self._hop / 2
        return Detection(self._names[k], max(0.0, dip.start), max(0.0, end), dip.distance, float(self.threshold[k]))
