"""The watchdog: tells the service manager that the inference loop is alive, unless one block takes too long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from kwsd.daemon.periodic import PeriodicThread
from kwsd.daemon.systemd import Notifier

MAX_STEP = 10.0  # s that the processing of one block may take; beyond it the loop counts as stuck


class Watchdog:
    """Sends "WATCHDOG=1" twice in the interval that the service manager asks for.

    Args:
        notifier: the service manager; without an interval of its own nothing is sent.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._busy_since: float | None = None

    def running(self) -> PeriodicThread:
        """A context in which "WATCHDOG=1" is sent."""
        interval = self._notifier.interval
        return PeriodicThread(interval and interval / 2, self._notify, "kwsd-watchdog")

    @contextmanager
    def step(self) -> Iterator[None]:
        """One step of the inference loop; while it lasts longer than MAX_STEP seconds, nothing is sent."""
        self._busy_since = time.monotonic()
        yield
        self._busy_since = None

    def _notify(self) -> None:
        since = self._busy_since
        if since is None or time.monotonic() - since < MAX_STEP:
            self._notifier.send("WATCHDOG=1")
