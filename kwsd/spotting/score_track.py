"""The score track: the distance of each keyword at each frame, the mean over its templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kwsd.keywords.keyword import Keyword
from kwsd.spotting.matches import Matches
from kwsd.spotting.matching import matcher
from kwsd.tokenizer.codebook import Codebook
from kwsd.tokenizer.frames import Frames

VOTE_WINDOW = 5  # frames: the lowest distance of each template within them is its vote


@dataclass(frozen=True)
class ScoreTrack:
    """The distance of k keywords at n frames.

    Attributes:
        time: [n] seconds from the start of the stream.
        distance: [n, k] weighted mean of the calibrated distances of the keyword's templates.
        start, end: [n, k] seconds at which the alignment of the nearest template starts and ends.
    """

    time: NDArray[np.float64]
    distance: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]


class KeywordScorer:
    """A stream of frames to the score track of keywords with the same scorer; the result does not depend on the split.

    Args:
        scorer: one of `kwsd.spotting.matching.SCORERS`.
        keywords: at least one.
        hop: seconds between frames.
        codebook: the tokenizer's codebook.
    """

    def __init__(self, scorer: str, keywords: Sequence[Keyword], hop: float, codebook: Codebook) -> None:
        templates = [t for keyword in keywords for t in keyword.templates]
        self._matcher = matcher(scorer, [t.frames for t in templates], hop, codebook)
        counts = np.array([len(keyword.templates) for keyword in keywords])
        self._templates = len(templates)
        self._firsts = np.cumsum(counts) - counts
        self._weight = np.array([t.weight for t in templates])
        self._total = np.add.reduceat(self._weight, self._firsts)
        self._threshold = np.array([keyword.threshold for keyword in keywords])
        self._offset = np.array([t.offset for t in templates], np.float32)
        self._scale = np.array([t.scale for t in templates], np.float32)
        self._members = _members(counts)
        self._recent: Matches
        self._time: NDArray[np.float64]
        self.reset()

    def push(self, frames: Frames) -> ScoreTrack:
        """The score track at each of these frames."""
        matches = self._matcher.push(frames)
        distance = np.vstack([self._recent.distance, (matches.distance - self._offset) / self._scale])
        start = np.vstack([self._recent.start, matches.start])
        time = np.concatenate([self._time, frames.time])
        self._recent, self._time = (
            Matches(distance[-VOTE_WINDOW + 1 :], start[-VOTE_WINDOW + 1 :]),
            time[-VOTE_WINDOW + 1 :],
        )
        return self._vote(frames.time, distance, start, time)

    @property
    def foresight(self) -> int:
        """Frames that `is_near` looks ahead."""
        return self._matcher.foresight

    def is_near(self, margin: float) -> bool:
        """Whether a keyword may come within `margin` of its threshold in the next frames, see `Matcher.ahead`."""
        distance = (self._matcher.ahead() - self._offset) / self._scale
        return bool((self._means(distance) <= self._threshold + margin).any())

    def use_thresholds(self, thresholds: NDArray[np.float64]) -> None:
        """Change the thresholds [k] that `is_near` looks at."""
        self._threshold = thresholds

    def reset(self) -> None:
        """Discard the stream and start a new one."""
        self._matcher.reset()
        before = (VOTE_WINDOW - 1, self._templates)
        self._recent = Matches(np.full(before, np.inf, np.float32), np.zeros(before))
        self._time = np.zeros(VOTE_WINDOW - 1)

    # The arrays begin VOTE_WINDOW - 1 frames before `now`: templates may end at slightly different frames.
    def _vote(
        self,
        now: NDArray[np.float64],
        distance: NDArray[np.float32],
        start: NDArray[np.float64],
        time: NDArray[np.float64],
    ) -> ScoreTrack:
        if not len(now):
            empty = np.zeros((0, len(self._threshold)))
            return ScoreTrack(now, empty, empty, empty)
        row = np.arange(len(now))[:, None] + sliding_window_view(distance, VOTE_WINDOW, axis=0).argmin(axis=2)
        lowest = distance[row, np.arange(self._templates)]
        candidates = np.pad(lowest, ((0, 0), (0, 1)), constant_values=np.inf)[:, self._members]
        nearest = np.take_along_axis(self._members[None], candidates.argmin(axis=2)[:, :, None], axis=2)[:, :, 0]
        rows = np.take_along_axis(row, nearest, axis=1)
        return ScoreTrack(now, self._means(lowest), start[rows, nearest], time[rows])

    def _means(self, distance: NDArray[np.float32]) -> NDArray[np.float64]:
        """Distances [..., templates] to the weighted mean [..., keywords] over the templates of each keyword."""
        mean: NDArray[np.float64] = np.add.reduceat(distance * self._weight, self._firsts, axis=-1) / self._total
        return mean


def _members(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """[keywords, most templates]: each keyword's template indices, padded with the index after the last."""
    firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    index = np.arange(counts.max())
    return np.where(index < counts[:, None], firsts[:, None] + index, counts.sum())
