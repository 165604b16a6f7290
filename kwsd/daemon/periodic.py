"""A thread that calls a function at regular intervals."""

from __future__ import annotations

import threading
from collections.abc import Callable


class PeriodicThread:
    """A context in which a thread calls a function every `interval` seconds; with 0 or None there is no thread."""

    def __init__(self, interval: float | None, call: Callable[[], None], name: str) -> None:
        self._interval, self._call = interval, call
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> None:
        if self._interval:
            self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        if self._interval:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self._call()
