"""The score track: the distance of each keyword at each frame, voted by its templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kwsd.keywords.keyword import Keyword
from kwsd.spotting.matching import Matches, matcher
from kwsd.tokenizer.codebook import Codebook
from kwsd.tokenizer.frames import Frames

AGREEMENT = 5  # frames within which the templates of a keyword may end to vote together
VOTERS = 1.0  # share of a keyword's templates whose mean distance counts, the best ones; calibrated, all do best


@dataclass(frozen=True)
class ScoreTrack:
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


class KeywordScorer:
    """Frames to the score track of keywords that share one kind of scorer; any split gives the one-shot answer."""

    def __init__(self, scorer: str, keywords: Sequence[Keyword], hop: float, codebook: Codebook) -> None:
        templates = [t for keyword in keywords for t in keyword.templates]
        self._matcher = matcher(scorer, [t.frames for t in templates], hop, codebook)
        counts = np.array([len(keyword.templates) for keyword in keywords])
        self._templates = len(templates)
        self._offset = np.array([t.offset for t in templates], np.float32)
        self._scale = np.array([t.scale for t in templates], np.float32)
        self._voters = np.maximum(1, np.round(VOTERS * counts)).astype(int)
        self._members = _members(counts)
        self._recent: Matches
        self._time: NDArray[np.float64]
        self.reset()

    def push(self, frames: Frames) -> ScoreTrack:
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
    ) -> ScoreTrack:
        if not len(now):
            empty = np.zeros((0, len(self._voters)))
            return ScoreTrack(now, empty, empty, empty)
        row = np.arange(len(now))[:, None] + sliding_window_view(distance, AGREEMENT, axis=0).argmin(axis=2)
        lowest = distance[row, np.arange(self._templates)]
        candidates = np.pad(lowest, ((0, 0), (0, 1)), constant_values=np.inf)[:, self._members]
        leader = np.take_along_axis(self._members[None], candidates.argmin(axis=2)[:, :, None], axis=2)[:, :, 0]
        rows = np.take_along_axis(row, leader, axis=1)
        return ScoreTrack(now, self._mean_of_best(candidates), start[rows, leader], time[rows])

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
