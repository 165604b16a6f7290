"""Attempts to open a device again, each in a thread of its own, with growing waits between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait

from kwsd.audio.driver import in_thread, leave_alone
from kwsd.errors import AudioError, DriverStuckError

LONGEST_WAIT = 1.0  # s between two attempts; a device that is back is then heard within two seconds


class Reopening:
    """A device that is opened again.

    Args:
        attempt: opens the device; it may raise AudioError, and it is called in another thread.
        first_wait: seconds between the first attempt that fails and the next one; then twice as long, up to a second.
        patience: seconds that the device has to deliver audio after it was opened.
    """

    def __init__(self, attempt: Callable[[], None], first_wait: float, patience: float) -> None:
        self._attempt, self._first_wait, self._patience = attempt, first_wait, patience
        self._running: Future[None] | None = None
        self.reset()

    def reset(self) -> None:
        """Begin with short waits again: the device delivers audio."""
        self._wait, self._next = self._first_wait, 0.0

    def step(self) -> None:
        """Make an attempt if it is time for one; call it again and again for as long as there is no audio.

        Raises:
            DriverStuckError: the driver does not return.
        """
        if self._running is not None and self._running.done():
            self._end(self._running.exception())
        elif self._running is None and time.monotonic() >= self._next:
            self._running = in_thread(self._attempt)

    def finish(self, seconds: float) -> bool:
        """Wait at most so many seconds for an attempt that runs; whether the driver is free."""
        if self._running is None or wait([self._running], seconds).done:
            return True
        leave_alone()
        return False

    def _end(self, error: BaseException | None) -> None:
        self._running = None
        if isinstance(error, DriverStuckError) or not isinstance(error, AudioError | None):
            raise error
        self._next = time.monotonic() + (self._patience if error is None else self._wait)
        self._wait = min(2 * self._wait, LONGEST_WAIT) if error else self._first_wait
