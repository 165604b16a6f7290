"""The last frames and the last audio of a stream."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.source import RATE, Samples
from kwsd.tokenizer.frames import Frames

Recent = tuple[Frames, ...]
"""Runs of frames, each following the one before."""


def recent_with(recent: Recent, frames: Frames, seconds: float) -> Recent:
    """The last runs and new frames; runs that end more than so many seconds before the new ones are left out."""
    if not len(frames):
        return recent
    first = 0
    while first < len(recent) and recent[first].time[-1] < frames.time[0] - seconds:
        first += 1
    return (*recent[first:], frames)


class RecentAudio:
    """The last seconds of audio of a stream; one thread adds to it, any may read.

    Args:
        origin: time of the first sample that will be added, in seconds.
        seconds: at least so many are kept.
    """

    def __init__(self, origin: float, seconds: float) -> None:
        self._origin, self._kept = origin, round(seconds * RATE)
        self._known: tuple[int, NDArray[np.float32]] = (0, np.zeros(0, np.float32))  # first sample; replaced whole

    def push(self, samples: Samples) -> None:
        """Add samples that follow."""
        first, before = self._known
        dropped = max(0, len(before) - self._kept)
        self._known = (first + dropped, np.concatenate([before[dropped:], samples.astype(np.float32, copy=False)]))

    def between(self, start: float, end: float) -> tuple[float, NDArray[np.float32]]:
        """The samples between two times, as far as they are known, and the time of the first one."""
        first, samples = self._known
        begin, stop = (max(0, round((second - self._origin) * RATE) - first) for second in (start, end))
        return self._origin + (first + begin) / RATE, samples[begin:stop]
