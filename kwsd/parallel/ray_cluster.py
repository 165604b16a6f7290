"""Work that the machines of a Ray cluster share: `kwsd.parallel.processes` over more than one machine."""

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

from kwsd.config import LOCAL_CLUSTER, check_cluster
from kwsd.errors import KwsdError
from kwsd.parallel.ray_workers import WorkerPool, library, missing

ANSWERING = 5.0  # s that a cluster's head may take to answer
REASON = 200  # characters of what Ray says

Item = TypeVar("Item")
Result = TypeVar("Result")


def on_ray(
    address: str,
    make: Callable[..., Callable[[Item], Result]],
    arguments: tuple[Any, ...],
    items: Sequence[Item],
    *,
    ordered: bool = True,
    called: Callable[[Item], str] = str,
) -> Iterator[Result]:
    """For each item what `make(*arguments)`, called once in each worker, makes of it.

    There are as many workers as the cluster has cores, and no more than items. What a lost worker or machine was at is
    done again by another, so an item may be done twice.

    Args:
        address: "ray" for the cluster that this machine belongs to, or one of this machine alone that ends with the
            work; "ray://HOST:PORT" for another.
        make: importable on every node.
        arguments: of `make`.
        items: to be worked on.
        ordered: give the results in the items' order, not as they come.
        called: what an item is called in messages.

    Raises:
        ConfigError: the address is none.
        KwsdError: Ray is not installed, the cluster cannot be reached, its nodes have another kwsd, or three workers
            died at one item. Also what the work itself raises.
    """
    if not items:
        return
    with ray_session(address) as cores:
        crew = WorkerPool(make, arguments, items, called)
        try:
            results = crew.results(min(cores, len(items)))
            yield from _in_order(results) if ordered else (result for _, result in results)
        finally:
            crew.dismiss()


@contextlib.contextmanager
def ray_session(address: str) -> Iterator[int]:
    """The number of the cluster's cores, while this process belongs to it; nothing is changed where it does already.

    Raises:
        ConfigError: the address is none.
        KwsdError: Ray is not installed, or the cluster cannot be reached or has no cores.
    """
    check_cluster(address)
    ray = library()
    if ray.is_initialized():
        yield _cores(ray, address)
        return
    with _terminating_as_before():
        _connect(ray, address)
        try:
            yield _cores(ray, address)
        finally:
            ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    where = _nearby() if address == LOCAL_CLUSTER else address
    try:
        ray.init(where, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
    except ImportError as error:
        raise missing() from error
    except Exception as error:  # of many types, by the stage that fails
        raise _unreachable(address, " ".join(str(error).split())[:REASON] or type(error).__name__) from error
    # Else news of lost machines come on standard output, among what we print; Ray itself does this at a breakpoint.
    internal: Any = importlib.import_module("ray._private.worker")
    internal._worker_logs_enabled = False


def _unreachable(address: str, reason: str) -> KwsdError:
    return KwsdError(f"the Ray cluster {address} cannot be reached ({reason.rstrip('.')}): check that it runs")


def _nearby() -> str:
    """The cluster that this machine belongs to, "local" for a new one; Ray itself waits minutes for one that is gone.

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
        socket.create_connection((host.strip("[]"), int(port)), ANSWERING).close()
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
def _terminating_as_before() -> Iterator[None]:
    """Ray takes SIGTERM over and does not give it back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _in_order(results: Iterator[tuple[int, Result]]) -> Iterator[Result]:
    early: dict[int, Result] = {}
    due = 0
    for index, result in results:
        early[index] = result
        while due in early:
            yield early.pop(due)
            due += 1
