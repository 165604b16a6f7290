"""Detections: where the score track falls to a keyword's threshold or below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kwsd.keywords.keyword import Keyword
from kwsd.spotting.score_track import ScoreTrack

# Frames that are waited for after the first one at or under the threshold. The phrase is often not over by then: with
# more frames the end and the distance are nearer to those of the minimum, and the detection is as much later.
PATIENCE = 2


@dataclass(frozen=True)
class Detection:
    """A keyword was spoken.

    Attributes:
        keyword: its name.
        start, end: seconds from the start of the stream.
        distance: distance of the speech from the keyword when it was detected, at most the threshold.
        threshold: the keyword's threshold.
    """

    keyword: str
    start: float
    end: float
    distance: float
    threshold: float


Refuses = Callable[[int, Detection], bool]
"""Of the index of a keyword and its detection."""


OnRefused = Callable[[Detection], None]


def nothing(k: int, detection: Detection) -> bool:
    """Refuses no detection."""
    return False


def ignored(detection: Detection) -> None:
    """Does nothing about a refused detection."""


@dataclass
class _Candidate:
    """The lowest distance of a phrase so far; `age` is the number of frames since its first under the threshold."""

    distance: float
    start: float
    end: float
    age: int = 0


class Detector:
    """A stream of score tracks to detections.

    A keyword is detected PATIENCE frames after its distance came down to the threshold, or when it has risen above it
    again. After that it is not detected for the refractory time, nor before its distance has risen above the threshold,
    nor where a match begins before the middle of the last one: that is the same phrase, matched by a longer stretch.
    After a detection that is refused there is no refractory time (`reconsider`).

    Args:
        keywords: in the order of the columns of the score track.
        hop: seconds between frames.
        refractory: seconds.
        refuses: whether a detection is none after all.

    Attributes:
        threshold: [k] thresholds of the keywords.
    """

    def __init__(self, keywords: Sequence[Keyword], hop: float, refractory: float, refuses: Refuses = nothing) -> None:
        self._refuses = refuses
        self._names = [keyword.name for keyword in keywords]
        self.threshold = np.array([keyword.threshold for keyword in keywords])
        self._hop, self._refractory = hop, refractory
        self._candidates: dict[int, _Candidate]
        # Of keywords whose distance has not risen since a detection: below what they are detected again.
        self._lower: dict[int, float]
        self._refractory_until: NDArray[np.float64]
        self._middle: NDArray[np.float64]  # of the last detections
        self._below: NDArray[np.bool_]
        self.reset()

    def push(self, track: ScoreTrack) -> list[Detection]:
        """The detections that are certain with these frames."""
        below = track.distance <= self.threshold
        found = []
        for i, k in zip(*np.nonzero(below | self._after_below(below)), strict=True):
            best = self._step(i, k, track, bool(below[i, k]))
            if best is None:
                continue
            detection = self._detection(k, best)
            if self._refuses(k, detection):
                self._refractory_until[k] = -np.inf
            else:
                found.append(detection)
                self._middle[k] = (detection.start + detection.end) / 2
        self._below = below[-1] if len(below) else self._below
        return found

    def flush(self) -> list[Detection]:
        """The detections of phrases whose distance is under the threshold when the stream ends; a new one begins."""
        found = [(k, self._detection(k, best)) for k, best in self._candidates.items()]
        self.reset()
        return [detection for k, detection in found if not self._refuses(k, detection)]

    def reset(self) -> None:
        """Discard the stream and start a new one."""
        self._candidates, self._lower = {}, {}
        self._refractory_until = np.full(len(self._names), -np.inf)
        self._middle = np.full(len(self._names), -np.inf)
        self._below = np.zeros(len(self._names), bool)

    def reconsider(self, k: int, distance: float) -> None:
        """Detect keyword k anew where it comes below the distance at which it was refused: the phrase was not over."""
        self._lower[k] = distance

    @property
    def is_waiting(self) -> bool:
        """Whether a keyword will be detected with the next frames."""
        return bool(self._candidates)

    def _after_below(self, below: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """[n, k] whether the frame before was under the threshold: there the distance may have risen."""
        return np.vstack([self._below, below[:-1]]) if len(below) else below

    def _step(self, i: int, k: int, track: ScoreTrack, below: bool) -> _Candidate | None:
        if not below:
            self._lower.pop(k, None)
        best = self._candidates.get(k)
        if best is None:
            is_lower = track.distance[i, k] < self._lower.get(k, np.inf)
            is_another = track.time[i] >= self._refractory_until[k] and track.start[i, k] >= self._middle[k]
            if below and is_lower and is_another:
                self._candidates[k] = _candidate(track, i, k)
            return None
        if track.distance[i, k] < best.distance:
            best = self._candidates[k] = replace(_candidate(track, i, k), age=best.age)
        best.age += 1
        if below and best.age < PATIENCE:
            return None
        self._refractory_until[k] = track.time[i] + self._refractory
        if below:
            self._lower[k] = -np.inf
        return self._candidates.pop(k)

    def _detection(self, k: int, best: _Candidate) -> Detection:
        end = best.end + self._hop / 2
        return Detection(self._names[k], max(0.0, best.start), max(0.0, end), best.distance, float(self.threshold[k]))


def _candidate(track: ScoreTrack, i: int, k: int) -> _Candidate:
    return _Candidate(float(track.distance[i, k]), float(track.start[i, k]), float(track.end[i, k]))
