"""The MIPS baseline: a frame's inner product is to be largest with its counterpart (Wav2Tok, eq. 17)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from export.systems.frame_alignment import AlignedFrames
from export.systems.system import Batch, System

TEMPERATURE = 0.05
NEAR = 3  # frames from the linear alignment within which frames are alike
MOST = 1024  # frames that are contrasted in one step


class MIPS(System):
    """InfoNCE over frames: each is to pick its counterpart from those of the whole batch.

    Our reading: a counterpart of every frame of the shorter recordings, or of 1024 of them, is drawn within 3 frames
    of the linear alignment. What else stands within 3 frames of it is alike as well, and is left out; all other
    drawn frames are negatives.
    """

    optimiser: ClassVar[str] = "lamb"

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The mean cross-entropy of both directions."""
        places = AlignedFrames.of(batch.lengths)
        if len(places) > MOST:
            places = places[torch.randperm(len(places))[:MOST]]
        return {"loss": info_nce(self(batch), places, places.near(NEAR))}


def info_nce(z: Tensor, places: AlignedFrames, drawn: Tensor) -> Tensor:
    """The mean cross-entropy of frames picking their counterparts, and of counterparts picking their frames (eq. 17).

    Args:
        z: [2 b, t, m] unit vectors.
        places: the n frames.
        drawn: [n] their counterparts, frames of the recordings `places.other`.
    """
    logits = z[places.row, places.frame] @ z[places.other, drawn].T / TEMPERATURE
    alike = places.row[:, None] == places.row
    alike &= (places.place[:, None] - drawn).abs() <= NEAR
    logits = logits.masked_fill(alike.fill_diagonal_(False), -torch.inf)
    right = torch.arange(len(places))
    return (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2
