"""The STFT baseline, which does not learn: the magnitudes of the short-time Fourier transform."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.systems.shape import Shape
from export.systems.system import Batch, System, TrainingError


class STFT(System):
    """No weights: z are the magnitudes as unit vectors [t, bins], and a codebook of them is fitted afterwards."""

    learns: ClassVar[bool] = False

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.codebook = functional.normalize(torch.randn(shape.tokens, shape.bins), dim=1)

    def make_encoder(self) -> nn.Module:
        """Nothing that is learned."""
        return nn.Identity()

    def forward(self, batch: Batch) -> Tensor:
        """Magnitudes [2 b, t, bins] of unit length; features are their logarithms, up to a factor a recording."""
        return functional.normalize(batch.features.exp(), dim=2)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Nothing to minimise.

        Raises:
            TrainingError: always.
        """
        raise TrainingError(f"{type(self).__name__} has no weights to train: fit its codebook, or choose another")
