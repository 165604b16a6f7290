"""Signal handlers and a shutdown deadline as context managers."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def handling(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """A context, in the main thread, in which the handlers run on their signals; it restores the old handlers."""
    before = {number: signal.signal(number, _ignoring_arguments(run)) for number, run in handlers.items()}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def deadline(seconds: int) -> Iterator[Callable[[], None]]:
    """A context with a function that starts a timer (SIGALRM) in seconds; when it expires, the kernel ends the process.

    The end of the context stops the timer.
    """
    try:
        # Not a thread: a signal handler may not be able to start one, because the interpreter's locks may be held.
        yield lambda: _alarm(seconds)
    finally:
        _alarm(0)


def _alarm(seconds: int) -> None:
    if hasattr(signal, "alarm"):  # Windows has none
        signal.alarm(seconds)


def _ignoring_arguments(run: Callable[[], None]) -> Callable[[int, object], None]:
    return lambda number, frame: run()
