"""Reports about the input audio: the beginning and the end of lost audio, of silence and of clipping."""

from __future__ import annotations

import math
from collections.abc import Callable

from kwsd.audio.source import Block
from kwsd.daemon.audio_monitor import ClippingMonitor, OverflowMonitor, SilenceMonitor
from kwsd.daemon.metrics import Metrics
from kwsd.events.messages import State


class AudioReports:
    """Watches the blocks of a source and reports what is wrong with them.

    Args:
        name: of the source.
        metrics: counts the audio that was lost; `check` counts the overflows in it.
        report: called with a state and a sentence.
    """

    def __init__(self, name: str, metrics: Metrics, report: Callable[[State, str], None]) -> None:
        self._name, self._metrics, self._report = name, metrics, report
        self._overflow, self._silence, self._clipping = OverflowMonitor(), SilenceMonitor(), ClippingMonitor()

    def expect_gap(self) -> None:
        """The audio lost before the next block is no overflow."""
        self._overflow.expect_gap()

    def check(self, block: Block) -> None:
        """Report overflow, silence and clipping when they begin and end, and an overflow that goes on."""
        if block.lost and not self._overflow.expects_gap:
            self._metrics.count_overflow()
        if self._overflow.update(block):
            self._report_overflow(block)
        if block.wall is not None and self._silence.update(block):
            self._report_silence()
        if block.wall is not None and self._clipping.update(block):
            self._report_clipping()

    def _report_overflow(self, block: Block) -> None:
        if self._overflow.active:
            lost = f"{block.lost:.2f} s of audio were lost, {self._metrics.totals.lost:.2f} s in all"
            self._report(State.OVERFLOW, f"{lost}: this machine is too busy")
        else:
            self._report(State.LISTENING, f"no audio is lost any more, {self._metrics.totals.lost:.2f} s were in all")

    def _report_silence(self) -> None:
        if self._silence.silent:
            level = self._silence.level
            heard = "nothing but zeros" if level == -math.inf else f"nothing but noise at {level:.0f} dBFS"
            self._report(State.SILENT, f"{self._name} gives {heard}: is it muted, or the wrong one?")
        else:
            self._report(State.LISTENING, f"{self._name} gives sound again")

    def _report_clipping(self) -> None:
        if self._clipping.active:
            self._report(State.CLIPPED, f"{self._name} is too loud and clipped: turn its input level down")
        else:
            self._report(State.LISTENING, f"{self._name} is not clipped any more")
