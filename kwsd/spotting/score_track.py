"""The score track: the distance of each keyword at each frame, the mean over its templates.

A second look decides between a keyword's templates and its negatives, recordings of what sounds alike and is something
else: where a negative is nearer than the two nearest templates, the keyword was not said.
"""

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
SECOND_LOOK = 2  # templates whose mean distance is compared with that of the nearest negative
MARGIN = 0.05  # by which the negative must be nearer


@dataclass(frozen=True)
class ScoreTrack:
    """The distance of k keywords at n frames.

    Attributes:
        time: [n] seconds from the start of the stream.
        distance: [n, k] weighted mean of the calibrated distances of the keyword's templates; infinite where one of its
            negatives is nearer.
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
        positive = len(templates)
        templates += [t for keyword in keywords for t in keyword.negatives]
        self._matcher = matcher(scorer, [t.frames for t in templates], hop, codebook)
        counts = np.array([len(keyword.templates) for keyword in keywords])
        negative = np.array([len(keyword.negatives) for keyword in keywords])
        self._positive, self._templates = positive, len(templates)
        self._firsts = np.cumsum(counts) - counts
        self._weight = np.array([t.weight for t in templates[:positive]])
        self._total = np.add.reduceat(self._weight, self._firsts)
        self._threshold = np.array([keyword.threshold for keyword in keywords])
        self._offset = np.array([t.offset for t in templates], np.float32)
        self._scale = np.array([t.scale for t in templates], np.float32)
        self._second = np.minimum(SECOND_LOOK, counts)
        self._members = _members(counts, 0, len(templates))
        self._negatives = _members(negative, positive, len(templates)) if negative.any() else None
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
        padded = np.pad(lowest, ((0, 0), (0, 1)), constant_values=np.inf)
        candidates = padded[:, self._members]
        nearest = np.take_along_axis(self._members[None], candidates.argmin(axis=2)[:, :, None], axis=2)[:, :, 0]
        rows = np.take_along_axis(row, nearest, axis=1)
        means = self._means(lowest)
        if self._negatives is not None:
            rival = padded[:, self._negatives].min(axis=2)
            means[rival + MARGIN < _mean_of_nearest(candidates, self._second)] = np.inf
        return ScoreTrack(now, means, start[rows, nearest], time[rows])

    def _means(self, distance: NDArray[np.float32]) -> NDArray[np.float64]:
        """Distances [..., templates] to the weighted mean [..., keywords] over the templates of each keyword."""
        weighted = distance[..., : self._positive] * self._weight
        mean: NDArray[np.float64] = np.add.reduceat(weighted, self._firsts, axis=-1) / self._total
        return mean


def _mean_of_nearest(candidates: NDArray[np.float32], count: NDArray[np.intp]) -> NDArray[np.float64]:
    """Distances [n, keywords, templates] to the mean [n, keywords] of so many nearest templates of each keyword."""
    sums = np.cumsum(np.sort(candidates, axis=2), axis=2, dtype=np.float64)
    mean: NDArray[np.float64] = sums[:, np.arange(len(count)), count - 1] / count
    return mean


def _members(counts: NDArray[np.intp], first: int, none: int) -> NDArray[np.intp]:
    """[keywords, most of them]: the columns of each keyword from `first` on, padded with a column of no keyword."""
    firsts = first + np.cumsum(counts) - counts
    index = np.arange(counts.max())
    return np.where(index < counts[:, None], firsts[:, None] + index, none)
