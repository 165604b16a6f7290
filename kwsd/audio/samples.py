"""What decoded samples need before they are a signal: one channel, and only finite numbers."""

from __future__ import annotations

from functools import reduce

import numpy as np

from kwsd.audio.source import Samples
from kwsd.errors import AudioError


def mix(frames: Samples) -> Samples:
    """The mean of the channels, [n] float32, of interleaved frames [n, channels]."""
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows here is refused as not finite
        # Column by column: numpy's own mean over a short last axis is twenty times slower.
        mean: Samples = reduce(np.add, frames.T) / np.float32(frames.shape[1])
    return mean


def check_finite(samples: Samples, before: int, rate: int, owner: str, hint: str = "") -> None:
    """Nothing, if every sample is a finite number; `before` samples at `rate` Hz came earlier.

    Raises:
        AudioError: one is NaN or infinite; the message begins with `owner`, says where, and ends with `hint`.
    """
    finite = np.isfinite(samples)
    if not finite.all():
        where = (before + int(finite.argmin())) / rate
        raise AudioError(f"{owner} has a sample that is not a finite number at {where:.3f} s{hint}")
