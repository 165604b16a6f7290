"""Keywords in a stream of frames: templates vote, a dip under the threshold is a detection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kwsd.codebook import Codebook
from kwsd.frames import Frames
from kwsd.keyword import Keyword
from kwsd.matching import Matches, matcher

AGREEMENT = 5  # frames within which the templates of a keyword may end to vote together
SETTLE = 2  # frames without a new best before a dip is taken as the keyword's end
VOTERS = 1.0  # share of a keyword's templates whose mean distance counts, the best ones; calibrated, all do best


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


@dataclass(frozen=True)
class Track:
    """How close each keyword is at each frame.

    Attributes:
        time: [n] seconds.
        distance: [n, k] mean of the calibrated distances of each keyword's templates that vote.
        start, end: [n, k] seconds of the stretch that the best template matched.
    """

    time: NDArray[np.float64]
    distance: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]


class Scorer:
    """Frames to the score track of keywords that share one kind of scorer; any split gives the one-shot answer."""

    def __init__(self, scorer: str, keywords: Sequence[Keyword], hop: float, codebook: Codebook) -> None:
        templates = [t for keyword in keywords for t in keyword.templates]
        self._matcher = matcher(scorer, templates, hop, codebook)
        counts = np.array([len(keyword.templates) for keyword in keywords])
        self._templates = len(templates)
        self._offset = np.array([t.offset for t in templates], np.float32)
        self._scale = np.array([t.scale for t in templates], np.float32)
        self._voters = np.maximum(1, np.round(VOTERS * counts)).astype(int)
        self._members = _members(counts)
        self._recent: Matches
        self._time: NDArray[np.float64]
        self.reset()

    def push(self, frames: Frames) -> Track:
        """The track at each of these frames."""
        matches = self._matcher.push(frames)
        distance = np.vstack([self._recent.distance, (matches.distance - self._offset) / self._scale])
        start = np.vstack([self._recent.start, matches.start])
        time = np.concatenate([self._time, frames.time])
        self._recent, self._time = Matches(distance[-AGREEMENT + 1 :], start[-AGREEMENT + 1 :]), time[-AGREEMENT + 1 :]
        return self._vote(frames.time, distance, start, time)

    def reset(self) -> None:
        """Forget the stream."""
        self._matcher.reset()
        before = (AGREEMENT - 1, self._templates)
        self._recent = Matches(np.full(before, np.inf, np.float32), np.zeros(before))
        self._time = np.zeros(AGREEMENT - 1)

    # Arrays reach AGREEMENT - 1 frames back before `now`, so that templates that end a little apart vote together.
    def _vote(
        self,
        now: NDArray[np.float64],
        distance: NDArray[np.float32],
        start: NDArray[np.float64],
        time: NDArray[np.float64],
    ) -> Track:
        if not len(now):
            empty = np.zeros((0, len(self._voters)))
            return Track(now, empty, empty, empty)
        row = np.arange(len(now))[:, None] + sliding_window_view(distance, AGREEMENT, axis=0).argmin(axis=2)
        lowest = distance[row, np.arange(self._templates)]
        candidates = np.pad(lowest, ((0, 0), (0, 1)), constant_values=np.inf)[:, self._members]
        leader = np.take_along_axis(self._members[None], candidates.argmin(axis=2)[:, :, None], axis=2)[:, :, 0]
        rows = np.take_along_axis(row, leader, axis=1)
        return Track(now, self._mean_of_best(candidates), start[rows, leader], time[rows])

    def _mean_of_best(self, candidates: NDArray[np.float32]) -> NDArray[np.float64]:
        """[n, keywords] the mean of as many of each keyword's templates as vote, of [n, keywords, templates]."""
        sums = np.cumsum(np.sort(candidates, axis=2), axis=2, dtype=np.float64)
        mean: NDArray[np.float64] = sums[:, np.arange(len(self._voters)), self._voters - 1] / self._voters
        return mean


def _members(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """[keywords, most templates]: each keyword's template indices, padded with the index after the last."""
    firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    index = np.arange(counts.max())
    return np.where(index < counts[:, None], firsts[:, None] + index, counts.sum())


@dataclass
class _Dip:
    """A stretch under the threshold whose lowest point may still come."""

    distance: float
    start: float
    end: float
    age: int = 0


class Decider:
    """A score track to detections: one per dip, at its lowest point, then silence for the refractory time."""

    def __init__(self, keywords: Sequence[Keyword], hop: float, refractory: float) -> None:
        self._names = [keyword.name for keyword in keywords]
        self.threshold = np.array([keyword.threshold for keyword in keywords])
        self._hop, self._refractory = hop, refractory
        self._dips: dict[int, _Dip]
        self._until: NDArray[np.float64]
        self._under: NDArray[np.bool_]
        self.reset()

    def push(self, track: Track) -> list[Detection]:
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

    def _step(self, i: int, k: int, track: Track, below: bool) -> _Dip | None:
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


class Spotter:
    """A stream of frames to detections of keywords.

    Args:
        keywords: at least one; each brings its own scorer and threshold.
        hop: seconds between frames, `Tokenizer.hop`.
        codebook: `Tokenizer.codebook`.
        refractory: seconds after a detection in which the same keyword is not detected again.
    """

    def __init__(self, keywords: Sequence[Keyword], hop: float, codebook: Codebook, refractory: float = 1.0) -> None:
        kinds = sorted({keyword.scorer for keyword in keywords})
        groups = [[k for k, keyword in enumerate(keywords) if keyword.scorer == kind] for kind in kinds]
        self._scorers = [
            Scorer(kind, [keywords[k] for k in group], hop, codebook) for kind, group in zip(kinds, groups, strict=True)
        ]
        self._order = np.argsort([k for group in groups for k in group])
        self._decider = Decider(keywords, hop, refractory)

    def push(self, frames: Frames) -> list[Detection]:
        """The detections that became certain with these frames, in the order of their ends."""
        return self.decide(self.track(frames))

    def track(self, frames: Frames) -> Track:
        """The score track at these frames, keywords in the order given; a frame is pushed here or with `push`, once."""
        tracks = [scorer.push(frames) for scorer in self._scorers]
        return Track(
            frames.time,
            *(np.hstack([getattr(t, part) for t in tracks])[:, self._order] for part in ("distance", "start", "end")),
        )

    def decide(self, track: Track) -> list[Detection]:
        """The detections that a track brings."""
        return sorted(self._decider.push(track), key=lambda detection: detection.end)

    def flush(self) -> list[Detection]:
        """The detections still waited for when the stream ends; then the spotter starts anew."""
        found = sorted(self._decider.flush(), key=lambda detection: detection.end)
        self.reset()
        return found

    def reset(self) -> None:
        """Forget the stream."""
        self._decider.reset()
        for scorer in self._scorers:
            scorer.reset()
