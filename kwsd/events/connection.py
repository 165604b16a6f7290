"""The connection of one client, whose bytes go to a ZeroMQ socket of its own, within a budget.

libzmq keeps the topics of all subscribers of a socket in one tree without a limit, and fills it before the program sees
a subscription. So bytes are counted before libzmq reads them, and a client that sends too many is cut off alone.
"""

from __future__ import annotations

import os
import secrets
import socket
import struct
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import zmq

from kwsd.events.limits import Budget

Ready = Mapping[Any, int]
"""What a poller returned: sockets and file descriptors."""

# A connection must not break at the moment at which its ZeroMQ socket is closed, or has just lingered: libzmq then ends
# the process (session_base.cpp, clean_pipes), or its own threads do not end.
_LINGER = 1500  # ms, longer than anybody waits
_CHUNK = 64 * 1024  # bytes that are read at once, and that wait at most for a client that does not read


class GoneError(Exception):
    """A client has gone or must go; the message says why it must, and is empty when there is nothing to say."""


class Connection:
    """A client's connection, and the ZeroMQ socket behind it.

    Args:
        client: the accepted connection; it is closed with this one.
        server: a ZeroMQ socket whose options are set; it is bound here, for this client alone, and closed.
        budget: bytes that the client may send.

    Attributes:
        who: the client's address, or its process and user.
        server: the ZeroMQ socket.
        refusal: why it was refused if ZeroMQ closes the connection; empty if that was said already.
        farewell: the same if the client closes it.
    """

    def __init__(self, client: socket.socket, server: zmq.Socket[bytes], budget: Budget) -> None:
        self.who, self.server = describe(client), server
        self.refusal, self.farewell = "it does not speak the protocol", ""
        self._client, self._inner = client, _join(server)
        self._up = _Flow(client, self._inner, budget)
        self._down = _Flow(self._inner, client)

    def watch(self, poller: zmq.Poller) -> None:
        """Register with the poller what this connection waits for."""
        poller.register(self._client.fileno(), self._up.wish_to_read | self._down.wish_to_write)
        poller.register(self._inner.fileno(), self._down.wish_to_read | self._up.wish_to_write)
        if not self.server.closed:
            poller.register(self.server, zmq.POLLIN)

    def unwatch(self, poller: zmq.Poller) -> None:
        """Remove everything of this connection from the poller; before it is closed."""
        for one in (self._client.fileno(), self._inner.fileno(), self.server):
            poller.register(one, 0)

    def pump(self, ready: Ready) -> None:
        """Move the bytes that can be moved.

        Raises:
            GoneError: the client has left, has sent more than its budget, or was refused by ZeroMQ.
        """
        self._down.move(ready, source_gone=self.refusal, sink_gone=self.farewell)
        self._up.move(ready, source_gone=self.farewell, sink_gone=self.refusal)

    def end(self) -> None:
        """Close the ZeroMQ socket: `pump` delivers what it sent before, and then says that it is gone."""
        self.server.close(_LINGER)

    def cut(self) -> None:
        """Close the connection; the ZeroMQ socket is to be closed when libzmq has noticed."""
        self._client.close()
        self._inner.close()

    def drain(self) -> None:
        """Throw away what the client has sent: what is not read would keep libzmq from noticing that it is cut."""
        while self.server.poll(0):
            self.server.recv()


def describe(client: socket.socket) -> str:
    """Who is at the other end of an accepted connection."""
    try:
        if client.family == socket.AF_UNIX:
            facts = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            process, user, _ = struct.unpack("3i", facts)
            return f"process {process} of user {user}"
        host, port, *_ = client.getpeername()
    except OSError:  # it has gone already
        return "unknown"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _join(server: zmq.Socket[bytes]) -> socket.socket:
    """Bind the server to a name without a file, at which it takes this process alone; returns a connection to it."""
    name = f"kwsd-{secrets.token_hex(16)}"
    server.setsockopt(zmq.IPC_FILTER_PID, os.getpid())
    server.bind(f"ipc://@{name}")
    with ExitStack() as stack:
        inner = stack.enter_context(socket.socket(socket.AF_UNIX))
        inner.connect(f"\0{name}")
        stack.pop_all()
    return inner


class _Flow:
    """Bytes from one socket to another; what the other does not take waits, and no more is read meanwhile."""

    def __init__(self, source: socket.socket, sink: socket.socket, budget: Budget | None = None) -> None:
        self._source, self._sink, self._budget = source, sink, budget
        self._waiting = b""
        source.setblocking(False)

    @property
    def wish_to_read(self) -> int:
        return 0 if self._waiting else zmq.POLLIN

    @property
    def wish_to_write(self) -> int:
        return zmq.POLLOUT if self._waiting else 0

    def move(self, ready: Ready, source_gone: str, sink_gone: str) -> None:
        """Move bytes; raises GoneError with one of these messages when a socket is closed."""
        if not self._waiting and self._source.fileno() in ready:
            self._waiting = self._read(source_gone)
            if self._budget and not self._budget.take(len(self._waiting)):
                raise GoneError("it sent too much")
        if self._waiting:
            self._write(sink_gone)

    def _read(self, gone: str) -> bytes:
        try:
            found = self._source.recv(_CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise GoneError(gone) from error
        if not found:
            raise GoneError(gone)
        return found

    def _write(self, gone: str) -> None:
        try:
            self._waiting = self._waiting[self._sink.send(self._waiting) :]
        except BlockingIOError:
            return
        except OSError as error:
            raise GoneError(gone) from error
