"""Metrics of the daemon: seconds of audio processed and lost, detections, CPU load, queue length, level."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from kwsd.audio.source import Block


class Metrics:
    """Counters of the daemon; one thread adds to them while another reads them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._processed = self._lost = self._queued = 0.0
        self._detections = 0
        self._begin_interval()

    def add(self, block: Block, detections: int) -> None:
        """Add a block that was processed and the number of detections in it."""
        with self._lock:
            self._processed += block.seconds
            self._lost += block.lost
            self._detections += detections
            self._queued = 0.0 if block.wall is None else max(0.0, time.time() - block.wall - block.seconds)
            self._seconds += block.seconds
            self._samples += len(block.samples)
            self._energy += float(np.dot(block.samples, block.samples))

    @property
    def lost(self) -> float:
        """Seconds of audio lost so far."""
        return self._lost

    def report(self) -> dict[str, Any]:
        """The fields of a heartbeat event.

        `uptime`, `processed`, `dropped` and `queue` are in seconds; `load`, CPU time per second of audio, and `level`,
        in dBFS, are for the time since the last report.
        """
        with self._lock:
            fields = {
                "uptime": time.monotonic() - self._started,
                "processed": self._processed,
                "dropped": self._lost,
                "detections": self._detections,
                "load": (time.process_time() - self._cpu) / self._seconds if self._seconds else 0.0,
                "queue": self._queued,
                "level": self._level(),
            }
            self._begin_interval()
        return fields

    def _begin_interval(self) -> None:
        self._cpu = time.process_time()
        self._seconds = self._energy = 0.0
        self._samples = 0

    def _level(self) -> float | None:
        return 10 * float(np.log10(self._energy / self._samples)) if self._energy else None
