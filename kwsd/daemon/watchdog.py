"""The watchdog: the inference loop tells the service manager that it goes on."""

from __future__ import annotations

import time

from kwsd.daemon.systemd import Notifier

SHARE = 0.25  # of the manager's interval after which it is told again; a loop may take most of the rest for one block


class Watchdog:
    """Sends "WATCHDOG=1" from the loop that it watches: a loop that is stuck sends nothing, whatever it waits for.

    Args:
        notifier: the service manager; without an interval of its own nothing is sent.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._told: float | None = None

    def feed(self) -> None:
        """Say that the loop goes on; the manager is told only as often as it needs."""
        interval, now = self._notifier.interval, time.monotonic()
        if interval and (self._told is None or now - self._told >= SHARE * interval):
            self._told = now
            self._notifier.send("WATCHDOG=1")
