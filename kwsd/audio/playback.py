"""Playing audio on the system's default output device."""

from __future__ import annotations

import numpy as np
import soxr

from kwsd.audio.driver import DEADLINE, bounded
from kwsd.audio.portaudio import load
from kwsd.audio.source import RATE, Samples
from kwsd.errors import DeviceError


def play(samples: Samples) -> None:
    """Play samples [n] float32 at 16 kHz, and return when they were heard.

    Raises:
        DeviceError: PortAudio or an output device is missing, or the device does not play.
    """
    bounded(lambda: _play(samples), "playing a recording", len(samples) / RATE + DEADLINE)


def _play(samples: Samples) -> None:
    library = load()
    try:
        # Raw devices play at no other rate than their own.
        rate = round(library.query_devices(kind="output")["default_samplerate"])
        library.play(np.asarray(soxr.resample(samples, RATE, rate)), rate, blocking=True)
    except library.PortAudioError as error:
        raise DeviceError(f"nothing can be played: {error}") from None
