"""The Triplet baseline: a frame is to be nearer to its counterpart than to other frames (Wav2Tok, eq. 15-16)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from export.systems.frame_alignment import AlignedFrames
from export.systems.system import Batch, System

MARGIN = 0.4
NEAR, FAR = 1, 5  # frames from the linear alignment: within the one is alike, beyond the other is not


class Triplet(System):
    """Frames that are linearly aligned are drawn together, frames of other parts of the same word pushed apart.

    Our reading: of every frame of the shorter recording of a pair, one positive and one negative frame of the other
    are drawn, the positive within 1 frame of the linear alignment, the negative more than 5 frames from it, or the
    farthest where the recording is too short for that.
    """

    optimiser: ClassVar[str] = "lamb"

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The mean triplet loss over all frames of the shorter recordings."""
        places = AlignedFrames.of(batch.lengths)
        return {"loss": triplet(self(batch), places, places.near(NEAR), places.far(FAR))}


def triplet(z: Tensor, places: AlignedFrames, positive: Tensor, negative: Tensor) -> Tensor:
    """The mean of max(0, |a - p| - |a - n| + 0.4) with Euclidean distances (Wav2Tok, eq. 15-16).

    Args:
        z: [2 b, t, m] unit vectors.
        places: the n anchors.
        positive, negative: [n] frames of the recordings `places.other`.
    """
    anchor = z[places.row, places.frame]
    near = torch.linalg.vector_norm(anchor - z[places.other, positive], dim=1)
    far = torch.linalg.vector_norm(anchor - z[places.other, negative], dim=1)
    loss: Tensor = (near - far + MARGIN).clamp(min=0).mean()
    return loss
