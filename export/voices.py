"""Another voice from the same recording: pitch and formants moved together, the timing kept."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from export.corpus import RATE

Samples = NDArray[np.float32]
FACTORS = (0.85, 1.35)  # pitch and formants as multiples of the speaker's; children are at 1.2 and above
FRAME = 512  # samples that are overlapped at a time, 32 ms
STEP = FRAME // 2
REACH = 128  # samples within which the best continuation is looked for, a period of a low voice


def shifted(x: Samples, factor: float) -> Samples:
    """Samples [n] at 16 kHz with pitch and formants times a factor, as many and at the same times.

    Played faster by the factor, then stretched back by overlapping similar frames (WSOLA, Verhelst & Roelands 1993).
    """
    short = soxr.resample(x, RATE * factor, RATE)
    return _stretched(short, len(x))


def _stretched(x: Samples, n: int) -> Samples:
    padded = np.pad(x, (REACH, 2 * FRAME + REACH))
    window = np.hanning(FRAME + 1)[:FRAME].astype(np.float32)
    out = np.zeros(n + 2 * FRAME, np.float32)
    ratio, at = (len(x) - 1) / max(n - 1, 1), 0
    for first in range(0, n, STEP):
        wanted = round(first * ratio)
        place = wanted + (_best(padded, wanted, at + STEP) if first else REACH)
        place = min(place, len(padded) - FRAME)
        out[first : first + FRAME] += window * padded[place : place + FRAME]
        at = place
    return out[:n]


def _best(padded: Samples, wanted: int, follows: int) -> int:
    """The shift, up to 2 REACH, at which what is wanted looks most like what would follow the last frame."""
    piece = padded[wanted : wanted + FRAME + 2 * REACH]
    model = padded[follows : follows + FRAME]
    if len(model) < FRAME or len(piece) < FRAME + 2 * REACH:
        return REACH
    return int(np.correlate(piece[::2], model[::2], "valid").argmax()) * 2
