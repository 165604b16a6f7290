"""Run a function over items in several worker processes, with the results in order."""

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
    """Yield the result of each item, in order: `make(*arguments)`, called once in each process, gives the function.

    Args:
        count: number of processes; no more are started than there are items.
        make: an importable function.
        arguments: of `make`.
        items: the inputs, which must be picklable.

    Raises:
        KwsdError: a process was killed.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(count, len(items)), context, _start_worker, (make, arguments))
    try:
        yield from pool.map(_process, items)
    except BrokenProcessPool as error:
        raise KwsdError("a worker process died, perhaps for want of memory: give fewer --workers") from error
    finally:
        for child in multiprocessing.active_children():
            child.terminate()  # else an interrupted run would wait until the queued items are processed
        pool.shutdown(cancel_futures=True)  # waits: else the pool warns of closed pipes at exit


_work: list[Callable[[Any], Any]] = []  # in a worker process: the one function to apply


def _start_worker(make: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; only the parent handles it
    _work.append(make(*arguments))


def _process(item: Any) -> Any:
    return _work[0](item)
