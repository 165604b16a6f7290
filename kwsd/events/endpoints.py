"""ZeroMQ endpoints: the default one, and the checks of one that a user gives."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import zmq

from kwsd.errors import EndpointError

LAST_PORT = 65535
Right = Literal["read", "control"]
_TCP = re.compile(r"tcp://(?P<host>\[[^\[\]\s]+\]|[^:/;\s]+):(?P<port>\d{1,5}|\*)")


def default_endpoint(environ: Mapping[str, str] = os.environ, name: str = "events") -> str:
    """The ipc endpoint in the runtime folder of this account, or in its home where there is none.

    Raises:
        EndpointError: there is neither.
    """
    return f"ipc://{_runtime_folder(environ) / f'{name}.ipc'}"


def safe_endpoint(endpoint: str) -> str:
    """The endpoint itself, to connect to.

    Raises:
        EndpointError: it is malformed, or lies in a folder into which others can put a socket.
    """
    path = socket_path(check(endpoint))
    if path and os.path.lexists(path.parent):
        check_folder(path.parent)
    return endpoint


def is_on_network(endpoint: str) -> bool:
    """Whether an endpoint to connect to may be on another machine."""
    match = _TCP.fullmatch(endpoint)
    host = match["host"].strip("[]") if match else "localhost"
    return host != "localhost" and not _is_loopback_address(host)


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
    """The file of an ipc endpoint; None for tcp."""
    return Path(endpoint.removeprefix("ipc://")) if endpoint.startswith("ipc://") else None


def host_and_port(endpoint: str) -> tuple[str, int]:
    """The numeric address and the port of a tcp endpoint to listen at; port 0 is one that the system chooses.

    Raises:
        EndpointError: the host is a name.
    """
    match = _TCP.fullmatch(endpoint)
    assert match
    names = {"localhost": "127.0.0.1", "*": "0.0.0.0"}
    host = names.get(match["host"], match["host"].strip("[]"))
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise EndpointError(
            f"cannot listen at {endpoint}: {host} is not an address of this machine in numbers, such as 127.0.0.1"
        ) from error
    return host, int(match["port"].replace("*", "0"))


def is_loopback(endpoint: str) -> bool:
    """Whether only this machine can reach the endpoint."""
    return not endpoint.startswith("tcp://") or ipaddress.ip_address(host_and_port(endpoint)[0]).is_loopback


def needs_keys(endpoint: str, right: Right) -> bool:
    """Whether clients there need keys: on the network always, and on this machine's tcp ports for control."""
    return endpoint.startswith("tcp://") and (right == "control" or not is_loopback(endpoint))


def check_folder(folder: Path) -> None:
    """Check that a folder is this account's, that no other may enter it, and that it is not a link to another place.

    Raises:
        EndpointError: one of these is not so.
    """
    try:
        facts = folder.lstat()
    except OSError as error:
        raise EndpointError(
            f"the folder {folder} cannot be looked at ({error.strerror}): choose another path"
        ) from error
    if not stat.S_ISDIR(facts.st_mode):
        raise EndpointError(f"{folder} is not a folder but a link or a file: name the folder itself")
    if facts.st_uid != os.getuid():
        raise EndpointError(f"the folder {folder} belongs to another account: choose a path in a folder of yours")
    if facts.st_mode & 0o077:
        raise EndpointError(
            f"the folder {folder} is open to other accounts: choose a path in a folder for you alone (chmod 700)"
        )


def _is_loopback_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _runtime_folder(environ: Mapping[str, str]) -> Path:
    service = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]  # systemd.exec(5)
    runtime = Path(environ.get("XDG_RUNTIME_DIR", ""))
    if service:
        return Path(service)
    if runtime.is_absolute() and runtime.is_dir():
        return runtime / "kwsd"
    # Not in the shared folder for temporary files: another account could make a folder of that name first.
    state = Path(environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"))  # noqa: PTH111 - Path.expanduser raises where there is no home
    if not state.is_absolute():
        raise EndpointError("there is no runtime folder and no home folder for a socket: name one with --endpoint")
    return state / "kwsd" / "run"


def _check_path(endpoint: str) -> None:
    path = endpoint.removeprefix("ipc://")
    if not hasattr(socket, "AF_UNIX"):
        raise EndpointError(
            f"this system has no sockets such as {endpoint}: listen with --no-zmq and --jsonl, or give the tcp:// "
            "endpoint of a kwsd on Linux"
        )
    if not path:
        raise EndpointError("the endpoint 'ipc://' has no path: give one, as in ipc:///run/kwsd/events.ipc")
    if path[0] in "@*":
        raise EndpointError(f"{endpoint!r} would be open to every account of this machine: give a path")
    if len(os.fsencode(path)) > zmq.IPC_PATH_MAX_LEN:
        raise EndpointError(
            f"the path of {endpoint!r} is {len(os.fsencode(path))} bytes long and a socket's may be "
            f"{zmq.IPC_PATH_MAX_LEN}: choose a shorter one"
        )
