"""Signals as a context: what they do inside it, and as it was before outside."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def handling(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Run the handlers on their signals, in the main thread; then the old handlers are back."""
    before = {number: signal.signal(number, _ignoring_arguments(run)) for number, run in handlers.items()}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def deadline(seconds: int) -> Iterator[Callable[[], None]]:
    """A function that gives the rest of the context so many seconds; then the kernel ends the process."""
    try:
        # No thread of our own: it could be started only while nobody holds the interpreter's locks.
        yield lambda: _alarm(seconds)
    finally:
        _alarm(0)


def _alarm(seconds: int) -> None:
    signal.alarm(seconds)


def _ignoring_arguments(run: Callable[[], None]) -> Callable[[int, object], None]:
    return lambda number, frame: run()
