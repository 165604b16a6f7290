"""Monitoring of the input audio for overflows (lost audio) and for digital silence."""

from __future__ import annotations

from dataclasses import dataclass

from kwsd.audio.source import Block

RECOVERY = 5.0  # s without lost audio after which an overflow has ended
SILENCE = 10.0  # s of zeros, which a working microphone never delivers


@dataclass
class OverflowMonitor:
    """Detects the beginning and the end of a period of lost audio.

    Attributes:
        active: whether audio was lost in the last 5 s.
    """

    active: bool = False
    _last: float = 0.0

    def update(self, block: Block) -> bool:
        """Whether `active` changed with this block."""
        before = self.active
        if block.lost:
            self.active, self._last = True, block.time
        elif block.time - self._last > RECOVERY:
            self.active = False
        return self.active != before


@dataclass
class SilenceMonitor:
    """Detects digital silence (only zeros): a muted or broken microphone, not a quiet room.

    Attributes:
        silent: whether the last 10 s were zeros.
    """

    silent: bool = False
    _seconds: float = 0.0

    def update(self, block: Block) -> bool:
        """Whether `silent` changed with this block."""
        before = self.silent
        self._seconds = 0.0 if block.samples.any() else self._seconds + block.seconds
        self.silent = self._seconds >= SILENCE
        return self.silent != before
