"""ZeroMQ endpoints: the default ones, and the checks of one that a user gives."""

from __future__ import annotations

import ipaddress
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

import zmq

from kwsd.errors import EndpointError

DEFAULT_PORT = 7391
LAST_PORT = 65535
_TCP = re.compile(r"tcp://(?P<host>\[[^\[\]\s]+\]|[^:/;\s]+):(?P<port>\d{1,5}|\*)")


def default_endpoints(environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """The ipc endpoint in the user's runtime folder and the tcp endpoint on the loopback address."""
    return f"ipc://{_runtime_folder(environ) / 'events.ipc'}", f"tcp://127.0.0.1:{DEFAULT_PORT}"


def choose_endpoint(environ: Mapping[str, str] = os.environ) -> str:
    """The default endpoint to connect to: the ipc one where its socket is there and safe, else the tcp one."""
    ipc, tcp = default_endpoints(environ)
    path = Path(ipc.removeprefix("ipc://"))
    return ipc if path.is_socket() and is_ours(path.parent) else tcp


def check(endpoint: str) -> str:
    """The endpoint itself; raises EndpointError for one that is not of the form ipc://PATH or tcp://HOST:PORT."""
    if not endpoint.isprintable():
        raise EndpointError(f"the endpoint {endpoint!r} has unprintable characters: retype it")
    if endpoint.startswith("ipc://"):
        _check_path(endpoint)
    elif not (match := _TCP.fullmatch(endpoint)) or int(match["port"].replace("*", "0")) > LAST_PORT:
        # ZeroMQ itself takes a larger port modulo 65536 and reports nothing.
        raise EndpointError(
            f"{endpoint!r} is not an endpoint: give ipc://PATH or tcp://HOST:PORT with a port up to {LAST_PORT}"
        )
    return endpoint


def socket_path(endpoint: str) -> Path | None:
    """The file of an ipc endpoint; None for tcp, for Linux's abstract names (ipc://@NAME) and for ipc://* (any)."""
    name = endpoint.removeprefix("ipc://")
    return None if name == endpoint or name[0] in "@*" else Path(name)


def is_loopback(endpoint: str) -> bool:
    """Whether only this machine can reach the endpoint."""
    match = _TCP.fullmatch(endpoint)
    if not match or match["host"] in ("localhost", "lo"):
        return True
    try:
        return ipaddress.ip_address(match["host"].strip("[]")).is_loopback
    except ValueError:
        return False


def is_ours(folder: Path) -> bool:
    """Whether the folder belongs to this user and nobody else can put a socket into it."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o022


def _runtime_folder(environ: Mapping[str, str]) -> Path:
    runtime = Path(environ.get("XDG_RUNTIME_DIR", ""))
    if runtime.is_absolute() and runtime.is_dir():
        return runtime / "kwsd"
    return Path(tempfile.gettempdir()) / f"kwsd-{os.getuid()}"


def _check_path(endpoint: str) -> None:
    length = len(os.fsencode(endpoint)) - len("ipc://")
    if not length:
        raise EndpointError("the endpoint 'ipc://' has no path: give one, as in ipc:///run/kwsd/events.ipc")
    if length > zmq.IPC_PATH_MAX_LEN:
        raise EndpointError(
            f"the path of {endpoint!r} is {length} bytes long and a socket's may be {zmq.IPC_PATH_MAX_LEN}: "
            "choose a shorter one"
        )
