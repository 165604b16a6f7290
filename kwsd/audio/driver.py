"""Calls into the sound driver that are given up after a time, because a driver may never return."""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from kwsd.errors import DriverStuckError

DEADLINE = 5.0  # s that a driver may take to list, open or close devices

_driver = threading.Lock()  # PortAudio does not allow calls from two threads at a time

T = TypeVar("T")


def in_thread(call: Callable[[], T], name: str = "kwsd-portaudio") -> Future[T]:
    """The future result of a call in a thread of its own, which does not keep the process from ending."""
    result: Future[T] = Future()
    threading.Thread(target=_run, args=(call, result), name=name, daemon=True).start()
    return result


def bounded(call: Callable[[], T], doing: str, seconds: float | None = None) -> T:
    """What the call returns or raises, in a thread of its own.

    Args:
        call: uses PortAudio.
        doing: what it does, for the message.
        seconds: how long it may take; None for DEADLINE.

    Raises:
        DriverStuckError: it takes longer; this process cannot use PortAudio any more.
    """
    result = in_thread(lambda: _alone(call))
    try:
        return result.result(DEADLINE if seconds is None else seconds)
    except TimeoutError:
        raise DriverStuckError(f"the sound driver does not return from {doing}: start kwsd again") from None
    finally:
        if not result.done():
            leave_alone()


def leave_alone() -> None:
    """Keep sounddevice from stopping PortAudio at exit, where it would wait for the same driver for ever."""
    # Not by an import, which waits for one that the driver may hold up.
    handler = getattr(sys.modules.get("sounddevice"), "_exit_handler", None)
    if handler is not None:
        atexit.unregister(handler)


def _alone(call: Callable[[], T]) -> T:
    with _driver:
        return call()


def _run(call: Callable[[], T], result: Future[T]) -> None:
    try:
        result.set_result(call())
    except BaseException as error:  # of any kind: it is raised again in the thread that waits
        result.set_exception(error)
