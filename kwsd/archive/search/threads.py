"""Work on the segments of an index in several threads: kernels release Python's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

MOST = 8  # threads; more would wait for Python's lock
Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """The results of a function of each item, in their order; raises what the function raises.

    The calling thread takes one item after another, and other threads take some where a core is free. There are as many
    threads as the process may use cores, or as the environment variable OMP_NUM_THREADS says, as for numpy.
    """
    others = min(len(items), threads()) - 1
    if others < 1:
        return [function(item) for item in items]
    left, results = deque(enumerate(items)), {}

    def work() -> None:
        while True:
            try:
                number, item = left.popleft()  # atomic
            except IndexError:
                return
            results[number] = function(item)

    helping = [_pool().submit(work) for _ in range(others)]
    try:
        work()
    finally:
        left.clear()
    for one in helping:
        if not one.cancel():
            one.result()
    return [results[number] for number in range(len(items))]


def threads() -> int:
    """How many threads work at a time, at most."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(int(asked) if asked.isdecimal() and int(asked) else _cores(), MOST)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST - 1, thread_name_prefix="search")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a child has none of its parent's threads
