"""A wake-up call for a thread that waits, which may come from a signal handler."""

from __future__ import annotations

from queue import Empty, SimpleQueue


class Wake:
    """As `threading.Event`, but `set` takes no lock that its own thread may hold, and each `set` ends one wait."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """End a wait, or the next one; from any thread and from a signal handler."""
        self._calls.put(None)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a call; False if none came within so many seconds."""
        try:
            self._calls.get(timeout=seconds)
        except Empty:
            return False
        return True
