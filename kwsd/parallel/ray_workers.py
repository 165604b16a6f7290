"""A pool of workers on a Ray cluster: lost workers are replaced and their items retried."""

from __future__ import annotations

import importlib
import pickle
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kwsd._version import __version__
from kwsd.errors import KwsdError

MAX_FAILURES = 3  # workers that may die at one item before the work is given up
PATIENCE = 30.0  # s without a result after which the pool looks whether the cluster still has cores


def import_ray() -> Any:
    """Import and return the module `ray`; raise KwsdError if it is not installed."""
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise ray_missing() from error


def ray_missing() -> KwsdError:
    """The error for a machine on which Ray, or its client, is not installed."""
    return KwsdError('machines share work over Ray, which is not installed: run `pip install "kwsd[cluster]"`')


class Worker:
    """A Ray actor on one core of the cluster.

    Args:
        job: the pickled pair of a function and its arguments; the function returns the function that processes an item.
    """

    def __init__(self, job: bytes) -> None:
        self._job = job
        self._work: Callable[[Any], Any]

    def start(self, version: str) -> None:
        """Check the version and prepare the work; in the constructor an exception would look like a lost actor."""
        if version != __version__:
            raise KwsdError(
                f"{socket.gethostname()} has kwsd {__version__}, not {version}: install the same everywhere"
            )
        make, arguments = pickle.loads(self._job)
        self._work = make(*arguments)

    def work(self, item: bytes) -> Any:
        """Process a pickled item and return its result."""
        return self._work(pickle.loads(item))


class WorkerPool:
    """Workers, the item that each of them processes, and the queue of items.

    Args:
        make: see `kwsd.parallel.ray_cluster.ray_workers`, as is `arguments`.
        size: the most workers.
        describe: returns the name of an item for error messages.
    """

    def __init__(
        self, make: Callable[..., Any], arguments: tuple[Any, ...], size: int, describe: Callable[[Any], str]
    ) -> None:
        self._ray, self._size, self._describe = import_ray(), size, describe
        # Pickled here: arrays that Ray itself unpickles are read-only.
        pickler = importlib.import_module("ray.cloudpickle")
        self._job = self._ray.put(pickler.dumps((make, arguments)))
        self._pickle: Callable[[Any], bytes] = pickler.dumps
        # Ray restarts no worker: the pool starts new ones itself, to count failures.
        self._actor_class = self._ray.remote(num_cpus=1, max_restarts=0)(Worker)
        self._items: Sequence[Any] = ()
        self._queue = deque[int]()
        self._failures: Counter[int] = Counter()
        # By pending Ray call the worker and the index of its item, None while the worker starts.
        self._tasks: dict[Any, tuple[Any, int | None]] = {}
        self._idle: list[Any] = []
        self._last: dict[Any, int] = {}  # by worker the index of the item that it processed last
        self._started = self._failed_starts = 0

    def results(self, items: Sequence[Any], *, again: bool = False) -> Iterator[tuple[int, Any]]:
        """Yield each item's index and result as they are ready.

        Args:
            items: the inputs, which must be picklable.
            again: whether more items will follow, for which the workers are kept. A worker then gets the item at the
                place of its last one, as long as no worker is lost.

        Raises:
            KwsdError: workers cannot start, MAX_FAILURES of them died at one item, or all machines with cores are lost.
                Also what the work itself raises.
        """
        self._items, self._queue = items, deque(range(len(items)))
        self._failures.clear()
        idle, self._idle = self._idle, []
        for worker in idle:
            self._assign_next(worker, again)
        for _ in range(min(self._size, len(items)) - len(self._tasks)):
            self._start_worker()
        left = len(items)
        while left:
            ready, _ = self._ray.wait(list(self._tasks), num_returns=1, timeout=PATIENCE)
            if not ready:
                self._check_cores()
                continue
            worker, index = self._tasks.pop(ready[0])
            try:
                result = self._ray.get(ready[0])
            except self._loss_errors() as error:
                self._replace_lost(worker, index, error)
                continue
            except self._ray.exceptions.RayTaskError as error:
                raise self._cause_of(error, index) from error
            self._assign_next(worker, again)
            if index is None:
                self._started += 1
                continue
            left -= 1
            yield index, result

    def stop(self) -> None:
        """Stop all workers."""
        for worker in [*self._idle, *(worker for worker, _ in self._tasks.values())]:
            self._ray.kill(worker)
        self._idle.clear()
        self._tasks.clear()

    def _start_worker(self) -> None:
        worker = self._actor_class.remote(self._job)
        self._tasks[worker.start.remote(__version__)] = worker, None

    def _assign_next(self, worker: Any, again: bool) -> None:
        if self._queue:
            index = self._last.get(worker, self._queue[0])
            index = index if index in self._queue else self._queue[0]
            self._queue.remove(index)
            self._last[worker] = index
            self._tasks[worker.work.remote(self._pickle(self._items[index]))] = worker, index
        elif again:
            self._idle.append(worker)
        else:
            self._ray.kill(worker)

    def _check_cores(self) -> None:
        if not self._ray.cluster_resources().get("CPU"):
            raise KwsdError("the cluster has lost every machine with cores: start one, and run the same command again")

    def _replace_lost(self, worker: Any, index: int | None, error: Exception) -> None:
        self._ray.kill(worker)  # it may still run on a machine that cannot be reached
        if index is None:
            self._failed_starts += 1
            if self._failed_starts >= MAX_FAILURES * (1 + self._started):
                raise KwsdError(
                    "the cluster's workers die before they begin: check that every node has this kwsd and enough memory"
                ) from error
        else:
            self._failures[index] += 1
            if self._failures[index] == MAX_FAILURES:
                item = self._describe(self._items[index])
                raise KwsdError(
                    f"{MAX_FAILURES} workers died at {item}, perhaps for want of memory: leave it out"
                ) from error
            self._queue.appendleft(index)
        if self._queue and self._idle:  # which may hold the last core, so that a new worker would wait for ever
            self._assign_next(self._idle.pop(), again=True)
        else:
            self._start_worker()

    def _loss_errors(self) -> tuple[type[Exception], ...]:
        errors = self._ray.exceptions
        return errors.RayActorError, errors.ObjectLostError

    @staticmethod
    def _cause_of(error: Any, index: int | None) -> Exception:
        cause: Exception = error.cause
        if isinstance(cause, KwsdError):
            return cause
        if index is None:
            return KwsdError(f"a worker of the cluster cannot begin ({cause}): check that every node has this kwsd")
        return cause
