"""Monitoring of the input audio: lost audio, nothing but zeros or the faintest noise, and clipping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kwsd.audio.source import Block

RECOVERY = 60.0  # s without lost or clipped audio after which it is over; a slow machine loses some twice a minute
REPEAT = 10.0  # s between two reports of one overflow, at least
EXPECTED = 1.0  # s of audio within which the gap of a device that is back comes
SILENCE = 10.0  # s without sound, which a working microphone in a quiet room never delivers
FAINTEST = 10 ** (-95 / 20)  # amplitude, -95 dBFS; the noise of every microphone and of 16-bit converters is above
FULL_SCALE = 0.999  # amplitude from which on a sample is clipped
CLIPPED_SHARE = 1e-3  # of the samples of a second; a single click has less
CLIPPED_SECONDS = 3  # within WINDOW: one shout is no wrong setting
WINDOW = 10.0  # s


@dataclass
class OverflowMonitor:
    """Detects the beginning and the end of a period of lost audio, and how it goes on.

    Attributes:
        active: whether audio was lost in the last minute.
    """

    active: bool = False
    _last: float = 0.0
    _reported: float = 0.0
    _expected: float = 0.0

    def expect_gap(self) -> None:
        """A gap in the next second of audio is no overflow: a device is back that was lost."""
        self._expected = EXPECTED

    @property
    def expects_gap(self) -> bool:
        """Whether the next gap is no overflow."""
        return self._expected > 0

    def update(self, block: Block) -> bool:
        """Whether there is something to report: lost audio, at most once in 10 s, or that no more is lost."""
        if not block.lost or self.expects_gap:
            self._expected -= EXPECTED if block.lost else block.seconds
            has_ended = self.active and block.time - self._last > RECOVERY
            self.active = self.active and not has_ended
            return has_ended
        is_due = not self.active or block.time - self._reported >= REPEAT
        self.active, self._last = True, block.time
        self._reported = block.time if is_due else self._reported
        return is_due


@dataclass
class SilenceMonitor:
    """Detects audio without sound: a muted or broken microphone, not a quiet room.

    Attributes:
        silent: whether the last 10 s were zeros or noise below -95 dBFS.
        level: of the loudest block among them, in dBFS; minus infinity for zeros.
    """

    silent: bool = False
    _seconds: float = 0.0
    _loudest: float = 0.0

    def update(self, block: Block) -> bool:
        """Whether `silent` changed with this block."""
        before, amplitude = self.silent, _rms(block)
        is_faint = amplitude < FAINTEST
        self._seconds = self._seconds + block.seconds if is_faint else 0.0
        self._loudest = max(self._loudest, amplitude) if is_faint else 0.0
        self.silent = self._seconds >= SILENCE
        return self.silent != before

    @property
    def level(self) -> float:
        """The level of the loudest of the silent blocks in dBFS."""
        return 20 * float(np.log10(self._loudest)) if self._loudest else -np.inf


@dataclass
class ClippingMonitor:
    """Detects audio that is clipped again and again: the input level is too high.

    Attributes:
        active: whether it was clipped in three seconds of ten within the last minute.
    """

    active: bool = False
    _last: float = 0.0
    _times: tuple[float, ...] = ()
    _samples: int = 0
    _clipped: int = 0
    _since: float = 0.0

    def update(self, block: Block) -> bool:
        """Whether `active` changed with this block."""
        self._samples += len(block.samples)
        self._clipped += int(np.count_nonzero(np.abs(block.samples) >= FULL_SCALE))
        before, now = self.active, block.time + block.seconds
        if now - self._since >= 1.0:
            self._end_second(now)
        if len(self._times) >= CLIPPED_SECONDS:
            self.active, self._last = True, now
        elif now - self._last > RECOVERY:
            self.active = False
        return self.active != before

    def _end_second(self, now: float) -> None:
        clipped = (now,) if self._clipped > CLIPPED_SHARE * self._samples else ()
        self._times = (*(time for time in self._times if now - time < WINDOW), *clipped)
        self._samples = self._clipped = 0
        self._since = now


def _rms(block: Block) -> float:
    return float(np.sqrt(np.dot(block.samples, block.samples) / max(1, len(block.samples))))
