"""Listening at an endpoint without harm to another program, and without letting in other accounts of this machine.

The path of an ipc endpoint is checked first, so that no file and no running daemon loses its place, and a lock file is
held while the socket is open; it also decides between two daemons that start at the same time.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import ExitStack
from pathlib import Path

from kwsd.errors import EndpointError
from kwsd.events.endpoints import check, check_folder, host_and_port, socket_path
from kwsd.private_files import make_private
from kwsd.system import lock

_BACKLOG = 128
_ADVICE = {
    errno.EADDRINUSE: "it is in use by another program, perhaps by another kwsd: stop that or choose another endpoint",
    errno.EADDRNOTAVAIL: "this machine does not have that address: choose one of its own, such as 127.0.0.1",
    errno.EACCES: "you may not use it: choose a path in a folder of yours or a port above 1023",
}


def listen(endpoint: str, held: ExitStack) -> socket.socket:
    """A socket that listens at the endpoint; on a port that the system chose for "*".

    Closing `held`, once the socket is closed, lets another process have the endpoint.

    Raises:
        EndpointError: the endpoint cannot be used, its folder is open to other accounts, or the system is not Linux.
    """
    if not hasattr(socket, "SO_PEERCRED"):  # of the sockets without a file over which `connection.py` hands bytes on
        raise EndpointError(f"cannot listen at {endpoint}: that needs Linux; give --no-zmq and --jsonl instead")
    path = socket_path(check(endpoint))
    if path:
        _make_folder(path.parent)
        _lock(path, held)
        _refuse_live(path)
    listening = _listen(endpoint, path)
    if path:
        held.callback(path.unlink, missing_ok=True)
    return listening


def name(listening: socket.socket) -> str:
    """The endpoint of a listening socket."""
    place = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return f"ipc://{place}"
    host, port, *_ = place
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def _listen(endpoint: str, path: Path | None) -> socket.socket:
    host, port = ("", 0) if path else host_and_port(endpoint)
    family = socket.AF_UNIX if path else socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket(family))
        try:
            _bind(listening, path or (host, port))
            listening.listen(_BACKLOG)
        except OSError as error:
            reason = _ADVICE.get(error.errno or 0, f"the system says {error.strerror!r}: choose another endpoint")
            raise EndpointError(f"cannot listen at {endpoint}: {reason}") from error
        stack.pop_all()
    return listening


def _bind(listening: socket.socket, place: Path | tuple[str, int]) -> None:
    if isinstance(place, Path):
        place.unlink(missing_ok=True)  # what a process that was killed left behind
        listening.bind(str(place))
        place.chmod(0o600)  # before it listens
    else:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)


def _make_folder(folder: Path) -> None:
    try:
        make_private(folder)  # its parents, too: who can rename it can put another in its place
    except OSError as error:
        raise EndpointError(
            f"cannot make the folder {folder} for a socket ({error.strerror}): choose another path"
        ) from error
    check_folder(folder)


def _lock(path: Path, held: ExitStack) -> None:
    name = path.with_name(f"{path.name}.lock")
    try:
        while not _take(name, held):
            pass
    except BlockingIOError as error:
        raise EndpointError(f"another kwsd listens at ipc://{path}: stop it or choose another endpoint") from error
    except OSError as error:
        raise EndpointError(
            f"cannot write in the folder {path.parent} ({error.strerror}): choose another path"
        ) from error


def _take(name: Path, held: ExitStack) -> bool:
    """Whether the lock was taken; False when its last holder removed the file meanwhile: try again."""
    with ExitStack() as attempt:
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        attempt.callback(os.close, handle)
        lock(handle)
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
