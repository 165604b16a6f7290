"""Telling systemd how a service fares, by its datagram protocol (sd_notify(3))."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class Notifier:
    """Sends states such as "READY=1" to the service manager; without one it does nothing.

    Args:
        address: the manager's socket, a path or "@" and an abstract name; None for no manager.
        interval: seconds within which the manager wants "WATCHDOG=1", None if it does not watch.
    """

    def __init__(self, address: str | None = None, interval: float | None = None) -> None:
        self._address = address
        self.interval = interval if address else None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Notifier:
        """The notifier for the manager that started this process, if one did."""
        return cls(environ.get("NOTIFY_SOCKET") or None, _watchdog(environ))

    def send(self, state: str) -> None:
        """Tell the state; a manager that cannot be reached is no reason to stop the service."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(state.encode(), address)


def _watchdog(environ: Mapping[str, str]) -> float | None:
    asked = environ.get("WATCHDOG_USEC", "")
    is_ours = environ.get("WATCHDOG_PID") in (None, "", str(os.getpid()))
    return int(asked) / 1e6 if is_ours and asked.isdecimal() and int(asked) else None
