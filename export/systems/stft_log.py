"""The log-STFT baseline, which does not learn: the input features of the other systems."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from export.systems.stft import STFT
from export.systems.system import Batch


class LogSTFT(STFT):
    """As STFT, but z are the logarithms of the magnitudes, each bin standardised over the training data."""

    def forward(self, batch: Batch) -> Tensor:
        """[2 b, t, bins] of unit length."""
        return functional.normalize(self.standardised(batch), dim=2)
