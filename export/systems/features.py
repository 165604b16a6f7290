"""Input features of the systems: log-magnitudes of a short-time Fourier transform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

FLOOR = 1e-3  # magnitude below which a bin is silent


@dataclass(frozen=True)
class Features:
    """How samples become frames.

    Attributes:
        rate: samples a second.
        window, hop: samples of a frame, and from one to the next.
        size: samples of the transform; a shorter window is followed by zeros, so that harmonics blur.
        bins: how many frequency bins are kept, from the lowest on.
    """

    rate: int
    window: int
    hop: int
    size: int
    bins: int

    @property
    def seconds(self) -> float:
        """From one frame to the next."""
        return self.hop / self.rate

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """[t, bins] of a recording [n], 0 on average; silence is appended to what is shorter than a window."""
        short = max(0, self.window - len(samples))
        frames = sliding_window_view(np.pad(samples, (0, short)), self.window)[:: self.hop]
        magnitude = np.abs(np.fft.rfft(frames * np.hanning(self.window), self.size, axis=1))[:, : self.bins]
        level = np.log(magnitude + FLOOR)
        found: NDArray[np.float32] = (level - level.mean()).astype(np.float32)
        return found


SPEECH = Features(rate=16_000, window=320, hop=320, size=512, bins=257)
HUMMING = Features(rate=8_000, window=1024, hop=512, size=1024, bins=257)  # up to 2 kHz, where melodies are
