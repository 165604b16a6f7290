"""Time stretching and pitch shifting of recordings of one voice."""

from __future__ import annotations

from typing import cast

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

WINDOW, HOP = 320, 160  # samples: 40 and 20 ms at 8 kHz
REACH = 80  # samples by which a piece may be moved to fit: both ways together more than a period of the lowest voice
HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)

Samples = NDArray[np.float32]


def stretched(samples: Samples, factor: float) -> Samples:
    """A recording [n] made `factor` times as long, [round(n factor)], its pitch kept.

    Pieces of it are overlapped, each from where it continues the one before best (WSOLA, Verhelst & Roelands 1993).

    Raises:
        ValueError: the factor is not above 0.
    """
    if not factor > 0:
        raise ValueError(f"a recording cannot be made {factor:g} times as long: name a factor above 0")
    count = round(len(samples) * factor)
    padded = np.pad(samples, (HOP + REACH, 2 * (WINDOW + REACH)))
    centres = np.round(np.arange(0, count + WINDOW, HOP) / factor).astype(int)
    pieces = sliding_window_view(padded, WINDOW)[places(padded, np.minimum(centres, len(samples)))] * HANN
    whole = np.zeros((len(pieces) + 1, HOP))
    whole[:-1] += pieces[:, :HOP]
    whole[1:] += pieces[:, HOP:]
    return cast(Samples, whole.ravel()[HOP:][:count].astype(np.float32))


def places(padded: Samples, earliest: NDArray[np.int_]) -> list[int]:
    """Where each piece begins: where, from `earliest` to 2 REACH later, it is most like what should follow."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    at = int(earliest[0]) + REACH
    found = [at]
    for first in earliest[1:].tolist():
        likeness = np.correlate(padded[first : first + WINDOW + 2 * REACH], padded[at + HOP :][:WINDOW])
        sizes = energy[first + WINDOW :][: len(likeness)] - energy[first:][: len(likeness)]
        at = first + int((likeness / np.sqrt(sizes + 1e-9)).argmax())
        found.append(at)
    return found


def shifted(samples: Samples, semitones: float) -> Samples:
    """A recording [n] made higher (or lower, below 0) by so many semitones, formants too, as long as before."""
    ratio = 2 ** (semitones / 12)
    played = soxr.resample(stretched(samples, ratio), ratio, 1.0)[: len(samples)]
    return cast(Samples, np.pad(played, (0, len(samples) - len(played))))
