"""Streaming resampling to 16 kHz."""

from __future__ import annotations

import numpy as np
import soxr

from kwsd.audio.source import RATE, Samples
from kwsd.errors import AudioError

MIN_RATE = 8_000  # Hz; below it, more than half of the tokenizer's frequency range is missing
MAX_RATE = 768_000  # Hz; the highest rate of sound cards: a higher one comes from a damaged header
# HQ is flat to 7.3 kHz. LQ has 10 ms less delay, but attenuates everything above 5.5 kHz.
QUALITY = "HQ"


def check_rate(rate: float, owner: str) -> None:
    """Check that a sample rate in Hz is supported.

    Raises:
        AudioError: it is not between 8 and 768 kHz; the message begins with `owner`.
    """
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(f"{owner} has a sample rate of {rate:g} Hz; {MIN_RATE} to {MAX_RATE} Hz are needed")


class Resampler:
    """A stream of mono samples at `rate` Hz as a stream at 16 kHz, aligned: input at t s is output at t s.

    The joined output does not depend on how the input is split. soxr compensates its filter delay, so that only the
    last `delay` seconds are returned later: by the next `push` or by `flush`.

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
        """Seconds of the audio pushed so far that have not been returned yet."""
        return max(0.0, self._pushed / self.rate - self._returned / RATE)

    def push(self, samples: Samples) -> Samples:
        """Samples [n] float32 at `rate` to the samples at 16 kHz that are ready; 16 kHz input is returned unchanged."""
        self._pushed += len(samples)
        return self._resample(samples, last=False)

    def flush(self) -> Samples:
        """The rest of the stream, [n] float32 at 16 kHz; then the resampler is ready for a new stream."""
        rest = self._resample(np.zeros(0, np.float32), last=True)
        self.reset()
        return rest

    def reset(self) -> None:
        """Discard the stream and start a new one."""
        if self._stream is not None:
            self._stream.clear()
        self._pushed = self._returned = 0

    def _resample(self, samples: Samples, last: bool) -> Samples:
        ready: Samples = samples if self._stream is None else self._stream.resample_chunk(samples, last)
        self._returned += len(ready)
        return ready
