"""Metrics of the daemon: audio searched and lost, CPU time, level."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from kwsd.audio.source import Block


class Metrics:
    """Counts audio and work; one thread adds, another asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._processed = self._lost = self._behind = 0.0
        self._detections = 0
        self._begin_interval()

    def add(self, block: Block, detections: int) -> None:
        """Count a block that has been searched."""
        with self._lock:
            self._processed += block.seconds
            self._lost += block.lost
            self._detections += detections
            self._behind = 0.0 if block.wall is None else max(0.0, time.time() - block.wall - block.seconds)
            self._seconds += block.seconds
            self._samples += len(block.samples)
            self._energy += float(np.dot(block.samples, block.samples))

    @property
    def lost(self) -> float:
        """Seconds of audio lost so far."""
        return self._lost

    def report(self) -> dict[str, Any]:
        """The fields of a heartbeat; load and level are of the time since the last report."""
        with self._lock:
            facts = {
                "uptime": time.monotonic() - self._started,
                "processed": self._processed,
                "dropped": self._lost,
                "detections": self._detections,
                "load": (time.process_time() - self._cpu) / self._seconds if self._seconds else 0.0,
                "queue": self._behind,
                "level": self._level(),
            }
            self._begin_interval()
        return facts

    def _begin_interval(self) -> None:
        self._cpu = time.process_time()
        self._seconds = self._energy = 0.0
        self._samples = 0

    def _level(self) -> float | None:
        return 10 * float(np.log10(self._energy / self._samples)) if self._energy else None
