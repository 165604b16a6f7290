"""Faults of the input that are reported once: bursts of lost audio, digital silence."""

from __future__ import annotations

from dataclasses import dataclass

from kwsd.audio.source import Block

BURST = 5.0  # s without a loss after which a burst of losses is over
SILENCE = 10.0  # s of nothing but zeros, which no working microphone gives


@dataclass
class OverflowMonitor:
    """Tells bursts of lost audio: one word when a burst begins, one when it is over."""

    begun: bool = False
    _last: float = 0.0

    def see(self, block: Block) -> bool:
        """Whether a burst began or ended with this block; `begun` says which."""
        before = self.begun
        if block.lost:
            self.begun, self._last = True, block.time
        elif block.time - self._last > BURST:
            self.begun = False
        return self.begun != before


@dataclass
class SilenceMonitor:
    """Tells digital silence, which is a muted or dead microphone and not a quiet room."""

    silent: bool = False
    _seconds: float = 0.0

    def see(self, block: Block) -> bool:
        """Whether silence set in or ended with this block; `silent` says which."""
        before = self.silent
        self._seconds = 0.0 if block.samples.any() else self._seconds + block.seconds
        self.silent = self._seconds >= SILENCE
        return self.silent != before
