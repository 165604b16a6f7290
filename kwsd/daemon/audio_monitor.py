"""Monitoring of the input audio for overflows (lost audio) and for digital silence."""

from __future__ import annotations

from dataclasses import dataclass

from kwsd.audio.source import Block

RECOVERY = 60.0  # s without lost audio after which an overflow has ended; a slow machine loses some twice a minute
REPEAT = 10.0  # s between two reports of one overflow, at least
SILENCE = 10.0  # s of zeros, which a working microphone never delivers


@dataclass
class OverflowMonitor:
    """Detects the beginning and the end of a period of lost audio, and how it goes on.

    Attributes:
        active: whether audio was lost in the last minute.
    """

    active: bool = False
    _last: float = 0.0
    _reported: float = 0.0

    def update(self, block: Block) -> bool:
        """Whether there is something to report: lost audio, at most once in 10 s, or that no more is lost."""
        if not block.lost:
            has_ended = self.active and block.time - self._last > RECOVERY
            self.active = self.active and not has_ended
            return has_ended
        is_due = not self.active or block.time - self._reported >= REPEAT
        self.active, self._last = True, block.time
        self._reported = block.time if is_due else self._reported
        return is_due


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
