"""Detections: local minima of the score track at or under a keyword's threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.keywords.keyword import Keyword
from kwsd.spotting.score_track import ScoreTrack

CONFIRMATION = 2  # frames without a lower distance after which a minimum is taken as the end of the keyword


@dataclass(frozen=True)
class Detection:
    """A keyword was spoken.

    Attributes:
        keyword: its name.
        start, end: seconds from the start of the stream.
        distance: distance of the speech from the keyword, at most the threshold.
        threshold: the keyword's threshold.
    """

    keyword: str
    start: float
    end: float
    distance: float
    threshold: float


@dataclass
class _Minimum:
    """The lowest distance under the threshold so far; `age` is the number of frames since then."""

    distance: float
    start: float
    end: float
    age: int = 0


class Detector:
    """A stream of score tracks to detections.

    A local minimum at or under the threshold is a detection; after it the keyword is not detected again for the
    refractory time.

    Args:
        keywords: in the order of the columns of the score track.
        hop: seconds between frames.
        refractory: seconds.

    Attributes:
        threshold: [k] thresholds of the keywords.
    """

    def __init__(self, keywords: Sequence[Keyword], hop: float, refractory: float) -> None:
        self._names = [keyword.name for keyword in keywords]
        self.threshold = np.array([keyword.threshold for keyword in keywords])
        self._hop, self._refractory = hop, refractory
        self._minima: dict[int, _Minimum]
        self._refractory_until: NDArray[np.float64]
        self._below: NDArray[np.bool_]
        self.reset()

    def push(self, track: ScoreTrack) -> list[Detection]:
        """The detections that are certain with these frames."""
        below = track.distance <= self.threshold
        found = []
        for i, k in zip(*np.nonzero(below | self._after_below(below)), strict=True):
            best = self._step(i, k, track, bool(below[i, k]))
            if best:
                found.append(self._detection(k, best))
        self._below = below[-1] if len(below) else self._below
        return found

    def flush(self) -> list[Detection]:
        """The detections of minima that are not confirmed when the stream ends; then a new stream begins."""
        found = [self._detection(k, best) for k, best in self._minima.items()]
        self.reset()
        return found

    def reset(self) -> None:
        """Discard the stream and start a new one."""
        self._minima = {}
        self._refractory_until = np.full(len(self._names), -np.inf)
        self._below = np.zeros(len(self._names), bool)

    def _after_below(self, below: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """[n, k] whether the frame before was under the threshold: there a minimum may be confirmed."""
        return np.vstack([self._below, below[:-1]]) if len(below) else below

    def _step(self, i: int, k: int, track: ScoreTrack, below: bool) -> _Minimum | None:
        best = self._minima.get(k)
        distance = float(track.distance[i, k])
        if best is None:
            if below and track.time[i] >= self._refractory_until[k]:
                self._minima[k] = _Minimum(distance, float(track.start[i, k]), float(track.end[i, k]))
            return None
        if distance < best.distance:
            best.distance, best.start, best.end = distance, float(track.start[i, k]), float(track.end[i, k])
            best.age = 0
            return None
        best.age += 1
        if below and best.age < CONFIRMATION:
            return None
        self._refractory_until[k] = track.time[i] + self._refractory
        return self._minima.pop(k)

    def _detection(self, k: int, best: _Minimum) -> Detection:
        end = best.end + self._hop / 2
        return Detection(self._names[k], max(0.0, best.start), max(0.0, end), best.distance, float(self.threshold[k]))
