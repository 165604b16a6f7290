"""Any sample rate to 16 kHz, as a stream."""

from __future__ import annotations

import numpy as np
import soxr

from kwsd.audio.source import RATE, Samples
from kwsd.errors import AudioError

MIN_RATE = 8_000  # Hz; below it, half of what the tokenizer listens to is missing
MAX_RATE = 768_000  # Hz; no sound card goes higher, but a damaged header does
# HQ is flat to 7.3 kHz. LQ would answer 10 ms sooner and damp everything above 5.5 kHz.
QUALITY = "HQ"


def check_rate(rate: float, owner: str) -> None:
    """Nothing, if audio at `rate` Hz can be used.

    Raises:
        AudioError: it cannot; the message begins with `owner`.
    """
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(f"{owner} has a sample rate of {rate:g} Hz; {MIN_RATE} to {MAX_RATE} Hz are needed")


class Resampler:
    """A stream of mono samples at `rate` Hz as a stream at 16 kHz, aligned: what went in at t s comes out at t s.

    However the input is split, the joined output is the same. soxr takes its own filter delay off, so the price of
    a stream is only that the last `delay` seconds come with later pushes or with `flush`.

    Raises:
        AudioError: the rate is not between 8 and 768 kHz.
    """

    def __init__(self, rate: float) -> None:
        check_rate(rate, "the audio")
        self.rate = rate
        self._stream = None if rate == RATE else soxr.ResampleStream(rate, RATE, 1, "float32", QUALITY)
        self._pushed = 0
        self._returned = 0

    @property
    def delay(self) -> float:
        """Seconds of the audio pushed so far that have not come out yet."""
        return max(0.0, self._pushed / self.rate - self._returned / RATE)

    def push(self, samples: Samples) -> Samples:
        """The samples at 16 kHz that are ready; at 16 kHz already, the very array that was given."""
        self._pushed += len(samples)
        return self._resample(samples, last=False)

    def flush(self) -> Samples:
        """The samples still owed; afterwards the resampler is ready for a new stream."""
        owed = self._resample(np.zeros(0, np.float32), last=True)
        self.reset()
        return owed

    def reset(self) -> None:
        """Forget everything pushed so far."""
        if self._stream is not None:
            self._stream.clear()
        self._pushed = self._returned = 0

    def _resample(self, samples: Samples, last: bool) -> Samples:
        ready: Samples = samples if self._stream is None else self._stream.resample_chunk(samples, last)
        self._returned += len(ready)
        return ready
