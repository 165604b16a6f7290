"""Metrics of the daemon: what heartbeats and Prometheus are told."""

from __future__ import annotations

import bisect
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kwsd.audio.source import Block

LATENCIES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0)  # s; upper bounds of the classes of the histogram


@dataclass
class Totals:
    """What was counted since the start.

    Attributes:
        processed: seconds of audio searched.
        lost: seconds of audio lost, because the machine was too busy or the device failed.
        overflows: how often audio was lost because the machine was too busy.
        reopenings: how often a microphone that was lost came back.
        detections: how often each keyword was detected.
        latencies: blocks by the seconds from their end to the end of their search: one count for each of LATENCIES,
            and one for longer ones.
        latency_sum: seconds of all these together.
    """

    processed: float = 0.0
    lost: float = 0.0
    overflows: int = 0
    reopenings: int = 0
    detections: Counter[str] = field(default_factory=Counter)
    latencies: list[int] = field(default_factory=lambda: [0] * (len(LATENCIES) + 1))
    latency_sum: float = 0.0


class Metrics:
    """Counters of the daemon; one thread adds to them while others read them.

    Args:
        restarts: how often the service manager has started the daemon again.

    Attributes:
        totals: what was counted since the start.
        restarts: as given.
        queued: seconds of audio that wait to be searched.
    """

    def __init__(self, restarts: int = 0) -> None:
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self.totals, self.restarts, self.queued = Totals(), restarts, 0.0
        self._latency: float | None
        self._begin_interval()

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def add(self, block: Block, keywords: list[str], queued: float = 0.0) -> None:
        """Add a block that was searched, the keywords detected in it, and the seconds of audio that wait after it."""
        with self._lock:
            self.totals.processed += block.seconds
            self.totals.lost += block.lost
            self.totals.detections.update(keywords)
            self.queued = queued
            if block.wall is not None:
                self._add_latency(max(0.0, time.time() - block.wall - block.seconds))
            self._seconds += block.seconds
            self._samples += len(block.samples)
            self._energy += float(np.dot(block.samples, block.samples))

    def count_overflow(self) -> None:
        """Add a loss of audio because the machine was too busy."""
        self.totals.overflows += 1

    def count_reopening(self) -> None:
        """Add the return of a microphone that was lost."""
        self.totals.reopenings += 1

    def report(self) -> dict[str, Any]:
        """The fields of a heartbeat event.

        `load`, `latency` and `level` are for the time since the last report, the others since the start.
        """
        with self._lock:
            fields = self._summary() | {
                "load": (time.process_time() - self._cpu) / self._seconds if self._seconds else 0.0,
                "latency": self._latency,
                "level": self._level(),
                "overflows": self.totals.overflows,
                "reopenings": self.totals.reopenings,
                "restarts": self.restarts,
            }
            self._begin_interval()
        return fields

    def summary(self) -> dict[str, Any]:
        """The fields of a heartbeat that the reply to a request for the state has too."""
        with self._lock:
            return self._summary()

    def _summary(self) -> dict[str, Any]:
        return {
            "uptime": self.uptime,
            "processed": self.totals.processed,
            "dropped": self.totals.lost,
            "detections": self.totals.detections.total(),
            "queue": self.queued,
        }

    def _add_latency(self, seconds: float) -> None:
        self._latency = max(seconds, self._latency or 0.0)
        self.totals.latencies[bisect.bisect_left(LATENCIES, seconds)] += 1
        self.totals.latency_sum += seconds

    def _begin_interval(self) -> None:
        self._cpu = time.process_time()
        self._seconds = self._energy = 0.0
        self._samples = 0
        self._latency = None

    def _level(self) -> float | None:
        return 10 * float(np.log10(self._energy / self._samples)) if self._energy else None
