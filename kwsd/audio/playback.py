"""Playing audio on the system's default output device."""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr

from kwsd.audio.driver import DEADLINE, bounded
from kwsd.audio.portaudio import load
from kwsd.audio.source import RATE, Samples
from kwsd.errors import DeviceError

TAIL = 0.3  # s of silence after the samples, beside the latency of the device, so that their end is heard


def play(samples: Samples) -> None:
    """Play samples [n] float32 at 16 kHz, and return when they were heard.

    Raises:
        DeviceError: PortAudio or an output device is missing, or the device does not play.
    """
    bounded(lambda: _play(samples), "playing a recording", len(samples) / RATE + 2 * DEADLINE)


def _play(samples: Samples) -> None:
    library = load()
    try:
        # Raw devices play at no other rate than their own.
        rate = round(library.query_devices(kind="output")["default_samplerate"])
        stream = library.OutputStream(samplerate=rate, channels=1, dtype="float32", latency="high")
        try:
            stream.start()
            stream.write(_with_tail(soxr.resample(samples, RATE, rate), rate, stream.latency))
        finally:
            _close(stream)
    except library.PortAudioError as error:
        raise DeviceError(f"nothing can be played: {error}") from None


def _with_tail(samples: Samples, rate: int, latency: float) -> Samples:
    return np.pad(samples, (0, round((latency + TAIL) * rate))).reshape(-1, 1)


def _close(stream: Any) -> None:
    # Not stop, which waits for the driver and sometimes for ever.
    stream.abort(ignore_errors=True)
    stream.close(ignore_errors=True)
