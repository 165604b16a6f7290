"""Scorers of a stream that remember all of it and compute every window anew."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from kwsd.scorers import checks
from kwsd.scorers.reference.dtw import dtw_costs, subsequence_dtw
from kwsd.scorers.reference.edit_distance import edit_costs, subsequence_edit_costs

Scores = tuple[NDArray[np.float32], NDArray[np.int32]]


class _Stream(ABC):
    """Many templates along one stream."""

    def __init__(self, lengths: NDArray[np.int32]) -> None:
        self._lengths = checks.template_lengths(lengths)
        self.columns = int(self._lengths.sum(dtype=np.int64))
        self.reset()

    def reset(self) -> None:
        """Forgets the stream, as if new."""
        self._heard = np.empty((0, self.columns), np.float32)

    def push(self, costs: NDArray[np.float32]) -> Scores:
        """The scores float32 [n, k] and the spans int32 [n, k] at n new stream frames."""
        new = checks.usable(checks.cost_rows(costs, self.columns))
        self._heard = np.concatenate([self._heard, new])
        templates = np.split(self._heard, np.cumsum(self._lengths)[:-1], axis=1)
        scores = [self._scores(template, len(new)) for template in templates]
        return np.stack([s[0] for s in scores], axis=1), np.stack([s[1] for s in scores], axis=1)

    @abstractmethod
    def _scores(self, heard: NDArray[np.float32], new: int) -> Scores:
        """Scores and spans [new] of one template whose costs so far are [n, T]."""


class _Subsequence(_Stream):
    """A template anywhere in the stream."""

    def beginnings(self, lacking: int) -> NDArray[np.float32]:
        """`beginnings` of the kernel of the same name, each beginning aligned anew."""
        most = checks.frame_count(lacking, "lacking")
        templates = np.split(self._heard, np.cumsum(self._lengths)[:-1], axis=1)
        return np.array([self._lowest(heard, most) for heard in templates], np.float32)

    def _lowest(self, heard: NDArray[np.float32], lacking: int) -> float:
        """The lowest score at the last stream frame of a template that lacks at most so many of its last frames."""
        frames = heard.shape[1]
        lengths = range(max(1, frames - lacking), frames + 1)
        return min((float(self._scores(heard[:, :n], 1)[0][-1]) for n in lengths if len(heard)), default=math.inf)


class SubsequenceDTW(_Subsequence):
    """`kwsd.scorers.SubsequenceDTW`, from the beginning at each push."""

    def _scores(self, heard: NDArray[np.float32], new: int) -> Scores:
        if not new:
            return np.empty(0, np.float32), np.empty(0, np.int32)
        distance, span = subsequence_dtw(heard)
        return distance[-new:], span[-new:]


class SubsequenceEditDistance(_Subsequence):
    """`kwsd.scorers.SubsequenceEditDistance`, from the beginning at each push."""

    def __init__(self, lengths: NDArray[np.int32], deletion: float = 1.0) -> None:
        super().__init__(lengths)
        self._deletion = np.float32(checks.deletion_cost(deletion))

    def _scores(self, heard: NDArray[np.float32], new: int) -> Scores:
        distance, span = subsequence_edit_costs(heard, self._deletion)
        first = len(heard) - new
        return distance[first:] / np.float32(heard.shape[1]), span[first:]


class _Windowed(_Stream):
    """Wav2Tok, eq. 19: the best of the windows of T/2, T and 2T frames that end at a frame; of equals the shortest."""

    def _scores(self, heard: NDArray[np.float32], new: int) -> Scores:
        best = [self._best(heard[:end]) for end in range(len(heard) - new + 1, len(heard) + 1)]
        return np.array([s for s, _ in best], np.float32), np.array([w for _, w in best], np.int32)

    def _best(self, heard: NDArray[np.float32]) -> tuple[float, int]:
        frames = heard.shape[1]
        windows = [w for w in (math.ceil(frames / 2), frames, 2 * frames) if w <= len(heard)]
        return min(((self._score(heard[-w:]), w) for w in windows), default=(math.inf, 0))

    @abstractmethod
    def _score(self, window: NDArray[np.float32]) -> float:
        """The score of a template and a window whose costs are [l, T]."""


class WindowedDTW(_Windowed):
    """`kwsd.scorers.WindowedDTW`, three windows anew at each frame."""

    def _score(self, window: NDArray[np.float32]) -> float:
        return dtw_costs(window)


class WindowedEditDistance(_Windowed):
    """`kwsd.scorers.WindowedEditDistance`, three windows anew at each token."""

    def _score(self, window: NDArray[np.float32]) -> float:
        return float(edit_costs(window) / np.float32(max(window.shape)))
