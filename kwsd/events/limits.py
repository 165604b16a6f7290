"""What a client of a socket may take: bytes, topics and connections."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

MOST_CONNECTIONS = 128
"""Clients of one server; each needs five file descriptors, and a process has 1024 unless the system says otherwise."""

LONGEST_FRAME = 1024
"""Bytes of a message from a subscriber; the longest topic has about 260, and a CURVE handshake about 500."""

MOST_TOPICS = 64
"""Topics that one subscriber may subscribe to."""

TOPIC_BYTES = 4096
"""Bytes that these may have together; libzmq needs about 50 bytes of memory for each."""


_FILES = Path("/proc/self/fd")
SPARE_FILES = 64
"""File descriptors that are left to everything else: libzmq spins when it runs out of them, a reload would fail."""


class Budget:
    """An allowance that grows with time up to a limit.

    Args:
        burst: what it is at first, and at most.
        rate: what is added in a second.
        clock: seconds.
    """

    def __init__(self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._rate, self._clock = burst, rate, clock
        self._left, self._since = burst, clock()

    def has(self, amount: float) -> bool:
        """Whether the amount could be taken now."""
        now = self._clock()
        self._left = min(self._burst, self._left + self._rate * (now - self._since))
        self._since = now
        return self._left >= amount

    def take(self, amount: float) -> bool:
        """Take the amount, and return whether there was enough."""
        enough = self.has(amount)
        self._left -= amount if enough else 0
        return enough


def upstream() -> Budget:
    """The bytes that a subscriber may send: its handshake, its topics, and a heartbeat every few seconds."""
    return Budget(burst=16 * 1024, rate=64)


def has_spare_files() -> bool:
    """Whether this process can open the files for another client."""
    import resource  # noqa: PLC0415 - Windows has no such module, and no server asks there

    return len(list(_FILES.iterdir())) + SPARE_FILES < resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def arrivals() -> Budget:
    """The connections that are accepted: each costs about a millisecond."""
    return Budget(burst=MOST_CONNECTIONS, rate=20)
