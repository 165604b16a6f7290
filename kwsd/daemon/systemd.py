"""Notification of systemd about the state of the service, by its datagram protocol, see sd_notify(3)."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path


class Notifier:
    """Sends states such as "READY=1" to the service manager; without a service manager it does nothing.

    Args:
        address: the manager's socket, a path or "@" and an abstract name; None if there is no manager.
        interval: seconds within which the manager expects "WATCHDOG=1"; None if it has no watchdog.
    """

    def __init__(self, address: str | None = None, interval: float | None = None) -> None:
        self._address = address
        self.interval = interval if address else None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Notifier:
        """The notifier for this process, from the variables NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID."""
        return cls(environ.get("NOTIFY_SOCKET") or None, _watchdog_interval(environ))

    def send(self, state: str) -> None:
        """Send the state; errors are ignored, because the service can run without its manager."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(state.encode(), address)


class JointNotifier:
    """The service manager as several streams see it: it is told a state when all of them have it.

    Args:
        notifier: the service manager.
        count: number of streams.
    """

    def __init__(self, notifier: Notifier, count: int) -> None:
        self.notifier = notifier
        self._count, self._lock = count, threading.Lock()
        self._said: dict[str, set[Notifier]] = {}

    def part(self) -> Notifier:
        """The service manager for one stream."""
        return _Part(self)

    def say(self, part: Notifier, state: str) -> None:
        """Send the state once every stream has said it since it was sent last."""
        with self._lock:
            said = self._said.setdefault(state, set())
            said.add(part)
            if len(said) == self._count:
                said.clear()
                self.notifier.send(state)


class _Part(Notifier):
    def __init__(self, joint: JointNotifier) -> None:
        self.interval = joint.notifier.interval
        self._joint = joint

    def send(self, state: str) -> None:
        self._joint.say(self, state)


def count_restarts(environ: Mapping[str, str]) -> int:
    """How often systemd has started this service again after a failure; 0 where it cannot be known.

    systemd does not say it. The number is kept in the service's runtime folder, which systemd keeps over restarts
    (RuntimeDirectoryPreserve=restart) and deletes when the service is stopped.
    """
    folder = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if not folder or "NOTIFY_SOCKET" not in environ:
        return 0
    path = Path(folder) / "restarts"
    try:
        before = path.read_text() if path.exists() else "-1"
        restarts = int(before) + 1
        path.write_text(str(restarts))
    except (OSError, ValueError):
        return 0
    return restarts


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    asked = environ.get("WATCHDOG_USEC", "")
    is_ours = environ.get("WATCHDOG_PID") in (None, "", str(os.getpid()))
    return int(asked) / 1e6 if is_ours and asked.isdecimal() and int(asked) else None
