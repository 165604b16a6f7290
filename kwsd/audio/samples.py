"""Decoded samples: mixing of channels to mono, and the check for NaN and infinity."""

from __future__ import annotations

from functools import reduce

import numpy as np

from kwsd.audio.source import Samples
from kwsd.errors import AudioError


def mix(frames: Samples) -> Samples:
    """Frames [n, channels] float32 to the mean of their channels, [n] float32."""
    with np.errstate(over="ignore", invalid="ignore"):  # `check_finite` refuses the result of an overflow
        # Column by column: numpy's mean over a short last axis is twenty times slower.
        mean: Samples = reduce(np.add, frames.T) / np.float32(frames.shape[1])
    return mean


def check_finite(samples: Samples, before: int, rate: int, owner: str, hint: str = "") -> None:
    """Check that samples [n] are finite; `before` samples at `rate` Hz precede them in the stream.

    Raises:
        AudioError: a sample is NaN or infinite; the message begins with `owner`, gives the time, and ends with `hint`.
    """
    finite = np.isfinite(samples)
    if not finite.all():
        where = (before + int(finite.argmin())) / rate
        raise AudioError(f"{owner} has a sample that is not a finite number at {where:.3f} s{hint}")
