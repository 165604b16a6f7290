"""Linear time alignment of the frames of two recordings of a pair."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def uniform(counts: Tensor) -> Tensor:
    """A whole number from 0 to below each count, drawn at random; counts are 1 or more."""
    return (torch.rand(counts.shape) * counts).long()


@dataclass(frozen=True)
class AlignedFrames:
    """Every frame of the shorter recording of each pair (of the first, where both are as long), padding left out.

    Attributes:
        row: [n] the recording that a frame is of.
        frame: [n] its number in there.
        other: [n] the pair's other recording.
        place: [n] the frame of the other recording that stands where it stands.
        length: [n] frames of the other recording.
    """

    row: Tensor
    frame: Tensor
    other: Tensor
    place: Tensor
    length: Tensor

    @classmethod
    def of(cls, lengths: Tensor) -> AlignedFrames:
        """Those of recordings of these lengths [2 b]; rows 2 i and 2 i + 1 are a pair."""
        first, second = lengths[0::2], lengths[1::2]
        longer = (first > second).long()
        each = torch.minimum(first, second)
        row = (torch.arange(0, len(lengths), 2) + longer).repeat_interleave(each)
        frame = torch.arange(len(row)) - (each.cumsum(0) - each).repeat_interleave(each)
        other = row ^ 1
        # The middle of frame i, at (i + 1/2) / a of a recording, lies in frame floor((i + 1/2) b / a) of the other.
        place = (2 * frame + 1) * lengths[other] // (2 * lengths[row])
        return cls(row, frame, other, place, lengths[other])

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, chosen: Tensor) -> AlignedFrames:
        """Only those frames."""
        return AlignedFrames(*(t[chosen] for t in (self.row, self.frame, self.other, self.place, self.length)))

    def near(self, window: int) -> Tensor:
        """[n] a frame of the other recording, drawn from those within `window` frames of the place."""
        first = (self.place - window).clamp(min=0)
        last = torch.minimum(self.place + window, self.length - 1)
        return first + uniform(last - first + 1)

    def far(self, window: int) -> Tensor:
        """[n] a frame of the other recording, drawn from those more than `window` frames from the place.

        Where there is none, the frame that is farthest from it.
        """
        before = (self.place - window).clamp(min=0)
        after = (self.length - 1 - self.place - window).clamp(min=0)
        drawn = uniform((before + after).clamp(min=1))
        found = torch.where(drawn < before, drawn, drawn - before + self.place + window + 1)
        last = self.length - 1
        farthest = torch.where(2 * self.place > last, 0, last)
        return torch.where(before + after > 0, found, farthest)
