"""How the service fares: what it has heard, lost and spent, and when that is worth a word."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwsd.audio.source import Block

BURST = 5.0  # s without a loss after which a burst of losses is over
SILENCE = 10.0  # s of nothing but zeros, which no working microphone gives


class Meter:
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


@dataclass
class LossWatch:
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
class SilenceWatch:
    """Tells digital silence, which is a muted or dead microphone and not a quiet room."""

    silent: bool = False
    _seconds: float = 0.0

    def see(self, block: Block) -> bool:
        """Whether silence set in or ended with this block; `silent` says which."""
        before = self.silent
        self._seconds = 0.0 if block.samples.any() else self._seconds + block.seconds
        self.silent = self._seconds >= SILENCE
        return self.silent != before


class Pulse:
    """Calls a function every `interval` seconds in a thread of its own, within a context; 0 or None is never."""

    def __init__(self, interval: float | None, beat: Callable[[], None], name: str) -> None:
        self._interval, self._beat = interval, beat
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> None:
        if self._interval:
            self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._over.set()
        if self._interval:
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._interval):
            self._beat()
