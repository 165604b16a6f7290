"""Frames of a stream: consecutive (time, vector, token), the output of the tokenizer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frames:
    """Consecutive frames of one stream.

    Attributes:
        time: [n] seconds from the start of the stream to the middle of the speech that the frame describes.
        vectors: [n, m] float32 unit vectors z.
        tokens: [n] int32 index of the nearest centroid of the codebook.
    """

    time: NDArray[np.float64]
    vectors: NDArray[np.float32]
    tokens: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.time)

    def between(self, start: float, end: float) -> Frames:
        """The frames whose time lies in [start, end) seconds."""
        first, last = np.searchsorted(self.time, (start, end))
        return self.part(int(first), int(last))

    def part(self, first: int, last: int) -> Frames:
        """The frames with indices in [first, last)."""
        return Frames(self.time[first:last], self.vectors[first:last], self.tokens[first:last])

    @classmethod
    def none(cls, dim: int) -> Frames:
        """Zero frames whose vectors have `dim` dimensions."""
        return cls(np.zeros(0), np.zeros((0, dim), np.float32), np.zeros(0, np.int32))

    @classmethod
    def join(cls, parts: Iterable[Frames]) -> Frames:
        """Several runs of frames, each following the one before, as one; `parts` must not be empty."""
        listed = list(parts)
        return cls(
            np.concatenate([p.time for p in listed]),
            np.concatenate([p.vectors for p in listed]),
            np.concatenate([p.tokens for p in listed]),
        )
