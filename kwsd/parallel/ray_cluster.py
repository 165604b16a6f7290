"""Run a function over items on the workers of a Ray cluster, and connect to the cluster."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from kwsd.errors import KwsdError
from kwsd.parallel.ray_workers import WorkerPool, import_ray, ray_missing
from kwsd.settings.kinds import LOCAL_CLUSTER, check_cluster

CONNECT_TIMEOUT = 5.0  # s to wait for an answer of a cluster's head node
MAX_REASON = 200  # characters of Ray's error message that are shown

Item = TypeVar("Item")
Result = TypeVar("Result")


def on_ray(
    address: str,
    make: Callable[..., Callable[[Item], Result]],
    arguments: tuple[Any, ...],
    items: Sequence[Item],
    *,
    ordered: bool = True,
    describe: Callable[[Item], str] = str,
) -> Iterator[Result]:
    """Yield the result of each item: `make(*arguments)`, called once in each worker, gives the function.

    There are as many workers as the cluster has cores, and no more than items. When a worker or machine is lost,
    another worker processes its item again, so an item may be processed twice.

    Args:
        address: "ray" for the cluster that this machine belongs to, or, if there is none, a new one on this machine
            that ends with the work; "ray://HOST:PORT" for another cluster.
        make: a function that is importable on every node.
        arguments: of `make`.
        items: the inputs, which must be picklable.
        ordered: yield results in the order of the items, else as they are ready.
        describe: returns the name of an item for error messages.

    Raises:
        ConfigError: the address is not valid.
        KwsdError: Ray is not installed, the cluster cannot be reached, its nodes have another kwsd, or three workers
            died at one item. Also what the work itself raises.
    """
    if not items:
        return
    with ray_session(address) as cores:
        pool = WorkerPool(make, arguments, cores, describe)
        try:
            results = pool.results(items)
            yield from in_order(results) if ordered else (result for _, result in results)
        finally:
            pool.stop()


@contextlib.contextmanager
def ray_rounds(
    address: str,
    make: Callable[..., Callable[[Item], Result]],
    arguments: tuple[Any, ...],
    *,
    describe: Callable[[Item], str] = str,
) -> Iterator[Callable[[Sequence[Item]], list[Result]]]:
    """As `on_ray`, for several rounds of items with the same workers: gives the function from items to results.

    A worker gets the item at the same place in every round, as long as none is lost; what it keeps of the round before
    saves it work.
    """
    with ray_session(address) as cores:
        pool = WorkerPool(make, arguments, cores, describe)
        try:
            yield lambda items: list(in_order(pool.results(items, again=True)))
        finally:
            pool.stop()


@contextlib.contextmanager
def ray_session(address: str) -> Iterator[int]:
    """Connect this process to a cluster and give the cluster's number of cores; an existing connection is kept.

    Raises:
        ConfigError: the address is not valid.
        KwsdError: Ray is not installed, or the cluster cannot be reached or has no cores.
    """
    check_cluster(address)
    ray = import_ray()
    if ray.is_initialized():
        yield _cores(ray, address)
        return
    with _sigterm_handler_restored():
        _connect(ray, address)
        try:
            yield _cores(ray, address)
        finally:
            ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    where = _bootstrap_address() if address == LOCAL_CLUSTER else address
    try:
        ray.init(where, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
    except ImportError as error:
        raise ray_missing() from error
    except Exception as error:  # Ray raises many types
        raise _unreachable(address, " ".join(str(error).split())[:MAX_REASON] or type(error).__name__) from error
    # Else Ray prints news of lost machines to standard output, among our results. Ray itself uses this switch too.
    internal: Any = importlib.import_module("ray._private.worker")
    internal._worker_logs_enabled = False


def _unreachable(address: str, reason: str) -> KwsdError:
    return KwsdError(f"the Ray cluster {address} cannot be reached ({reason.rstrip('.')}): check that it runs")


def _bootstrap_address() -> str:
    """The address of this machine's cluster, or "local" to start one. Ray itself waits minutes for one that is gone.

    Raises:
        KwsdError: $RAY_ADDRESS names one that does not answer.
    """
    named = os.environ.get("RAY_ADDRESS", "")
    if "://" in named:
        return named
    found = importlib.import_module("ray._private.services").canonicalize_bootstrap_address(None)
    if not found:
        return "local"
    host, _, port = found.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT).close()
    except OSError as error:
        if named:
            raise _unreachable(named, error.strerror or "it does not answer") from error
        return "local"
    return str(found)


def _cores(ray: Any, address: str) -> int:
    cores = int(ray.cluster_resources().get("CPU", 0))
    if not cores:
        raise KwsdError(f"the Ray cluster {address} has no cores: start a node with some")
    return cores


@contextlib.contextmanager
def _sigterm_handler_restored() -> Iterator[None]:
    """Restore the SIGTERM handler at the end: Ray replaces it and does not restore it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def in_order(results: Iterator[tuple[int, Result]]) -> Iterator[Result]:
    """Yield the results of items 0, 1, 2, ... in this order, each as soon as those before it are there."""
    early: dict[int, Result] = {}
    due = 0
    for index, result in results:
        early[index] = result
        while due in early:
            yield early.pop(due)
            due += 1
