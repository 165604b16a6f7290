"""Babble noise: recordings mixed with several other voices at a signal-to-noise ratio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from export.align import loud_span
from export.corpus import RATE

Samples = NDArray[np.float32]
VOICES = 5


def with_babble(samples: Samples, voices: Sequence[Samples], decibels: float, rng: np.random.Generator) -> Samples:
    """A recording [n] at 16 kHz amid VOICES of these voices, so many decibels louder than they while it speaks.

    Each voice is equally loud and begins anywhere; the power of both sides is taken over the recording's loud span.
    """
    chosen = rng.choice(len(voices), size=min(VOICES, len(voices)), replace=False)
    noise: Samples = np.sum([_stretch(voices[i], len(samples), rng) for i in chosen], axis=0)
    start, end = (round(edge * RATE) for edge in loud_span(samples))
    speech, babble = (float(np.mean(x[start:end] ** 2)) for x in (samples, noise))
    gain = np.sqrt(speech / max(babble, 1e-12)) * 10 ** (-decibels / 20)
    mixed: Samples = (samples + gain * noise).astype(np.float32)
    return mixed


def _stretch(voice: Samples, count: int, rng: np.random.Generator) -> Samples:
    """So many samples of a voice [n] from anywhere on, of power 1; its beginning follows on its end."""
    power = float(np.sqrt(np.mean(voice**2)))
    places = (int(rng.integers(len(voice))) + np.arange(count)) % len(voice)
    stretch: Samples = (voice[places] / max(power, 1e-6)).astype(np.float32)
    return stretch
