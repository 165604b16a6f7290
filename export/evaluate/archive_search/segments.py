"""Recordings cut into overlapping segments, which are what a search finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.systems.system import Encoded
from kwsd.scorers import compress


@dataclass(frozen=True)
class Archive:
    """What is searched. Segments of one recording follow one another.

    Attributes:
        recordings: as a system represents them; each is encoded as a whole and then cut.
        recording: [s] int64 which of them a segment is from.
        start, end: [s] int64 frames of that recording, half-open.
    """

    recordings: Sequence[Encoded]
    recording: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.recording)

    def tokens(self) -> list[NDArray[np.int32]]:
        """Each segment's tokens, runs of the same token once."""
        bounds = zip(self.recording.tolist(), self.start.tolist(), self.end.tolist(), strict=True)
        return [compress(self.recordings[r].tokens[a:b])[0] for r, a, b in bounds]


def whole(recordings: Sequence[Encoded]) -> Archive:
    """An archive in which each recording is one segment."""
    ends = np.array([len(r.tokens) for r in recordings], np.int64)
    return Archive(recordings, np.arange(len(ends)), np.zeros(len(ends), np.int64), ends)


def cut_up(recordings: Sequence[Encoded], length: int) -> Archive:
    """An archive of segments of `length` frames, each half a segment after the one before.

    A recording's last segment is shorter where its end does not fall on the end of a segment.
    """
    hop = max(1, length // 2)
    starts = [np.arange(0, max(1, len(r.tokens) - length + hop), hop) for r in recordings]
    recording = np.repeat(np.arange(len(recordings)), [len(s) for s in starts])
    start = np.concatenate([np.zeros(0, np.int64), *starts])
    lengths = np.array([len(r.tokens) for r in recordings], np.int64)
    return Archive(recordings, recording, start, np.minimum(start + length, lengths[recording]))
