"""A function called at regular intervals in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable


class PeriodicThread:
    """Calls a function every `interval` seconds in a thread of its own, within a context; 0 or None is never."""

    def __init__(self, interval: float | None, call: Callable[[], None], name: str) -> None:
        self._interval, self._call = interval, call
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
            self._call()
