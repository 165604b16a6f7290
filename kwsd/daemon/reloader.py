"""The reloader: reads the keywords again in a thread, when it is asked to and when the store has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from kwsd.audio.wake import Wake
from kwsd.errors import KwsdError

POLL = 1.0  # s between two looks at the store; a change is read once the store has been the same for so long
JOIN_TIMEOUT = 0.5  # s that the thread has to end in; it may be reading a thousand keywords

T = TypeVar("T")


class Reloader(Generic[T]):
    """A context in which a thread loads something again; its user takes the result when it suits.

    Args:
        load: reads it.
        version: something that compares unequal after the store has changed.
        current: the version of what is in use.
    """

    def __init__(self, load: Callable[[], T], version: Callable[[], object], current: object) -> None:
        self._load, self._version = load, version
        self._current = self._last = current
        self._loaded: SimpleQueue[T | KwsdError] = SimpleQueue()
        self._wake = Wake()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="kwsd-reload", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._stopped = True
        self._wake.set()
        self._thread.join(JOIN_TIMEOUT)

    def request(self) -> None:
        """Load it again, also if the store is the same; from any thread and from a signal handler."""
        self._wake.set()

    def take(self) -> T | KwsdError | None:
        """What was loaded since the last call, or the error that kept it from being loaded; None for nothing."""
        try:
            return self._loaded.get_nowait()
        except Empty:
            return None

    def _run(self) -> None:
        while not self._stopped:
            was_asked = self._wake.wait(POLL)
            now = self._version()
            is_settled, self._last = now == self._last, now
            if not self._stopped and (was_asked or (is_settled and now != self._current)):
                self._current = now
                self._reload()

    def _reload(self) -> None:
        try:
            self._loaded.put(self._load())
        except KwsdError as error:
            self._loaded.put(error)
