"""Binding a socket to an endpoint without harm to another program.

ZeroMQ deletes the file at an ipc path before it binds there: a running daemon would lose its subscribers, a user a
file. So the path is checked first, and a lock file is held while the socket is bound; it also decides between two
daemons that start at the same time.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import structlog
import zmq

from kwsd.errors import EndpointError
from kwsd.events.endpoints import check, is_loopback, is_ours, socket_path

log = structlog.get_logger()

_ADVICE = {
    errno.EADDRINUSE: "it is in use by another program, perhaps by another kwsd: stop that or choose another endpoint",
    errno.EADDRNOTAVAIL: "this machine does not have that address: choose one of its own, such as 127.0.0.1",
    errno.ENODEV: "this machine has no such address or network interface: choose one of its own, such as 127.0.0.1",
    errno.EACCES: "you may not use it: choose a path in a folder of yours or a port above 1023",
}


def bind(publisher: zmq.Socket[Any], endpoint: str, held: ExitStack) -> str:
    """Bind and return the endpoint, with the port that the system chose for "*".

    Closing `held`, once the socket is closed, lets another process have the endpoint. Raises EndpointError.
    """
    path = socket_path(check(endpoint))
    if path:
        _make_folder(path.parent)
        _lock(path, held)
        _refuse_live(path)
    bound = _bind(publisher, endpoint)
    if path:
        held.callback(path.unlink, missing_ok=True)  # ZeroMQ leaves it behind
    if not is_loopback(endpoint):
        log.warning("events go out beyond this machine, unencrypted and to anyone who connects", endpoint=bound)
    return bound


def _bind(publisher: zmq.Socket[Any], endpoint: str) -> str:
    try:
        publisher.ipv6 = "[" in endpoint
        publisher.bind(endpoint)
    except zmq.ZMQError as error:
        reason = _ADVICE.get(
            error.errno or 0, f"the system says {zmq.strerror(error.errno or 0)!r}: choose another endpoint"
        )
        raise EndpointError(f"cannot publish on {endpoint}: {reason}") from error
    return publisher.get_string(zmq.LAST_ENDPOINT)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EndpointError(
            f"cannot make the folder {folder} for a socket ({error.strerror}): choose another path"
        ) from error
    # In a shared folder such as /tmp another user may have made the folder first, to publish events in our name.
    if folder.name == f"kwsd-{os.getuid()}" and not is_ours(folder):
        raise EndpointError(f"the folder {folder} is open to other users: remove it, or choose another endpoint")


def _lock(path: Path, held: ExitStack) -> None:
    name = path.with_name(f"{path.name}.lock")
    try:
        while not _take(name, held):
            pass
    except BlockingIOError as error:
        raise EndpointError(
            f"another kwsd is publishing on ipc://{path}: stop it or choose another endpoint"
        ) from error
    except OSError as error:
        raise EndpointError(
            f"cannot write in the folder {path.parent} ({error.strerror}): choose another path"
        ) from error


def _take(name: Path, held: ExitStack) -> bool:
    """Whether the lock was taken; False when its last holder removed the file meanwhile: try again."""
    with ExitStack() as attempt:
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        attempt.callback(os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(name, handle):
            return False
        attempt.callback(name.unlink, missing_ok=True)
        held.push(attempt.pop_all())
    return True


def _is_at(name: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), name.stat())
    except FileNotFoundError:
        return False


def _refuse_live(path: Path) -> None:
    """Raise EndpointError unless the path is free or holds the socket of a process that has ended."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise EndpointError(f"{path} is there and is not a socket: move it away or choose another path")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        answer = probe.connect_ex(os.fsencode(path))
    if answer != errno.ECONNREFUSED:
        raise EndpointError(f"another program is using the socket {path}: stop it or choose another path")
