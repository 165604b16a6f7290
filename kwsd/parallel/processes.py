"""Work that several processes share, with its results in order."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from kwsd.errors import KwsdError

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(
    count: int, make: Callable[..., Callable[[Item], Result]], arguments: tuple[Any, ...], items: Sequence[Item]
) -> Iterator[Result]:
    """For each item what `make(*arguments)`, called once in each process, makes of it.

    Raises:
        KwsdError: a process was killed.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(count, len(items)), context, _begin, (make, arguments))
    try:
        yield from pool.map(_work, items)
    except BrokenProcessPool as error:
        raise KwsdError("a worker process died, perhaps for want of memory: give fewer --workers") from error
    finally:
        for child in multiprocessing.active_children():
            child.terminate()  # else an interrupted run would wait for the hours of audio that they have before them
        pool.shutdown(cancel_futures=True)  # waited for: at exit the pool would complain of pipes that are gone


_worker: list[Callable[[Any], Any]] = []  # of this process


def _begin(make: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes, and one of them answers
    _worker.append(make(*arguments))


def _work(item: Any) -> Any:
    return _worker[0](item)
