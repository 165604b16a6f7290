"""The workers of a Ray cluster, and what becomes of their work when they are lost; see `kwsd.parallel.ray_cluster`."""

from __future__ import annotations

import importlib
import pickle
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kwsd._version import __version__
from kwsd.errors import KwsdError

STRIKES = 3  # workers that an item may lose before it is taken for the cause


def library() -> Any:
    """The module ray; KwsdError if it is not installed."""
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise missing() from error


def missing() -> KwsdError:
    """What to say where Ray, or its client, is not installed."""
    return KwsdError('machines share work over Ray, which is not installed: run `pip install "kwsd[cluster]"`')


class Worker:
    """An actor: what one core of the cluster does."""

    def __init__(self, job: bytes) -> None:
        self._job = job
        self._work: Callable[[Any], Any]

    def begin(self, version: str) -> None:
        """Get ready; apart from the constructor, whose exceptions would look like a lost machine."""
        if version != __version__:
            raise KwsdError(
                f"{socket.gethostname()} has kwsd {__version__}, not {version}: install the same everywhere"
            )
        make, arguments = pickle.loads(self._job)
        self._work = make(*arguments)

    def work(self, item: bytes) -> Any:
        """What becomes of an item."""
        return self._work(pickle.loads(item))


class WorkerPool:
    """Workers, what each of them is at, and what is left to do."""

    def __init__(
        self,
        make: Callable[..., Any],
        arguments: tuple[Any, ...],
        items: Sequence[Any],
        called: Callable[[Any], str],
    ) -> None:
        self._ray, self._items, self._called = library(), items, called
        # Pickled here, for the arrays in what Ray itself unpickles are read-only.
        pickler = importlib.import_module("ray.cloudpickle")
        self._job = self._ray.put(pickler.dumps((make, arguments)))
        self._pack: Callable[[Any], bytes] = pickler.dumps
        self._hireable = self._ray.remote(num_cpus=1, max_restarts=0)(Worker)  # we hire others, and know when
        self._waiting = deque(range(len(items)))
        self._strikes: Counter[int] = Counter()
        self._busy: dict[Any, tuple[Any, int | None]] = {}  # who is at which item, or getting ready
        self._began = self._stillborn = 0

    def results(self, size: int) -> Iterator[tuple[int, Any]]:
        """Each item's index and result, as they come, from so many workers."""
        for _ in range(size):
            self._hire()
        left = len(self._items)
        while left:
            ready, _ = self._ray.wait(list(self._busy), num_returns=1)
            worker, index = self._busy.pop(ready[0])
            try:
                result = self._ray.get(ready[0])
            except self._losses() as error:
                self._lose(worker, index, error)
                continue
            except self._ray.exceptions.RayTaskError as error:
                raise self._reason(error, index) from error
            self._go_on(worker)
            if index is None:
                self._began += 1
                continue
            left -= 1
            yield index, result

    def dismiss(self) -> None:
        """Stop all workers."""
        for worker, _ in self._busy.values():
            self._ray.kill(worker)
        self._busy.clear()

    def _hire(self) -> None:
        worker = self._hireable.remote(self._job)
        self._busy[worker.begin.remote(__version__)] = worker, None

    def _go_on(self, worker: Any) -> None:
        if not self._waiting:
            self._ray.kill(worker)
            return
        index = self._waiting.popleft()
        self._busy[worker.work.remote(self._pack(self._items[index]))] = worker, index

    def _lose(self, worker: Any, index: int | None, error: Exception) -> None:
        self._ray.kill(worker)  # it may be alive and only out of reach
        if index is None:
            self._stillborn += 1
            if self._stillborn >= STRIKES * (1 + self._began):
                raise KwsdError(
                    "the cluster's workers die before they begin: check that every node has this kwsd and enough memory"
                ) from error
        else:
            self._strikes[index] += 1
            if self._strikes[index] == STRIKES:
                what = self._called(self._items[index])
                raise KwsdError(
                    f"{STRIKES} workers died at {what}, perhaps for want of memory: leave it out"
                ) from error
            self._waiting.appendleft(index)
        self._hire()

    def _losses(self) -> tuple[type[Exception], ...]:
        errors = self._ray.exceptions
        return errors.RayActorError, errors.ObjectLostError

    @staticmethod
    def _reason(error: Any, index: int | None) -> Exception:
        cause: Exception = error.cause
        if isinstance(cause, KwsdError):
            return cause
        if index is None:
            return KwsdError(f"a worker of the cluster cannot begin ({cause}): check that every node has this kwsd")
        return cause
