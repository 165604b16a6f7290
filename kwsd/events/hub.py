"""The hub: the thread that accepts clients and gives each a ZeroMQ socket of its own, so that none can harm another."""

from __future__ import annotations

import errno
import math
import os
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Protocol

import structlog
import zmq

from kwsd.events.connection import Connection, GoneError, Ready
from kwsd.events.guard import Guard
from kwsd.events.limits import MOST_CONNECTIONS, Budget, arrivals, has_spare_files

log = structlog.get_logger()

LINGER = 500
"""Milliseconds that closing waits for slow clients to receive what was sent."""

STOP = [b""]
"""The frames that end a hub."""

# Seconds after which libzmq has surely noticed that a connection was cut; see `kwsd.events.connection`.
_NOTICED, _NOTICED_AT_THE_END = 0.5, 0.1
PATIENCE = 1.0  # s between two log messages about clients that are cut off or wait


class Service(Protocol):
    """What a hub does with its clients; all methods are called in the hub's thread."""

    def open(self) -> tuple[zmq.Socket[bytes], Budget]:
        """A ZeroMQ socket for another client, not bound yet, and the bytes that the client may send."""

    def receive(self, client: Connection) -> str:
        """Read what has come from a client; returns why it must be cut off, or nothing."""

    def leave(self, client: Connection) -> None:
        """A client has gone."""

    def feed(self, frames: list[bytes]) -> None:
        """Take what another thread has sent to the hub."""

    def attend(self, now: float) -> float | None:
        """Do what is due at a monotonic time; returns in how many seconds something will be, None for never."""


class Hub:
    """Clients of some listening sockets, and an inlet from the other threads.

    Args:
        inlet: where the other threads send frames, and STOP at last; it is closed at the end.
        listeners: listening sockets, and who guards each if anybody does; they are closed at the end.
        service: what is done with the clients.

    Attributes:
        last_moment: monotonic time from which on what is in the inlet is dropped; for the thread that sends STOP.
    """

    def __init__(
        self, inlet: zmq.Socket[bytes], listeners: Mapping[socket.socket, Guard | None], service: Service
    ) -> None:
        self._inlet, self._listeners, self._service = inlet, listeners, service
        self.last_moment = math.inf
        self._guard = next((guard for guard in listeners.values() if guard), None)
        self._clients: dict[socket.socket, set[Connection]] = {listener: set() for listener in listeners}
        self._room = MOST_CONNECTIONS // max(1, len(listeners))
        self._arrivals = arrivals()
        self._cut: dict[Connection, float] = {}  # when the connection was closed; its ZeroMQ socket is not yet
        self._poller = zmq.Poller()
        self._warned: dict[str, float] = {}

    def run(self) -> None:
        """Serve until STOP comes, then deliver for at most LINGER milliseconds what was sent."""
        self._poller.register(self._inlet, zmq.POLLIN)
        if self._guard:
            self._poller.register(self._guard.socket, zmq.POLLIN)
        for listener in self._listeners:
            listener.setblocking(False)
        with self._inlet:
            while self._turn():
                pass
            self._poller.register(self._inlet, 0)
        for listener in self._listeners:
            self._poller.register(listener.fileno(), 0)
            listener.close()
        self._deliver()
        if self._guard:
            self._guard.socket.close()

    def _turn(self) -> bool:
        pauses = [self._service.attend(time.monotonic()), self._watch_listeners(), self._bury()]
        if self._guard:
            pauses.append(self._guard.pause)
        ready = self._poll(min((pause for pause in pauses if pause is not None), default=None))
        if self._guard:
            self._admit(self._guard, ready)
        for listener in self._listeners:
            if listener.fileno() in ready:
                self._accept(listener)
        self._serve(ready)
        return self._inlet not in ready or self._feed()

    def _admit(self, guard: Guard, ready: Ready) -> None:
        refused = guard.answer() if guard.socket in ready else None
        if refused:
            # It is not disconnected: a ZeroMQ client that was refused waits, one that was cut off comes again at once.
            self._warn("a client was refused", client=refused[0].who, reason=refused[1])
        for client in guard.revoked(time.monotonic()):
            self._drop(client, "its key was revoked")

    def _poll(self, seconds: float | None) -> Ready:
        return dict(self._poller.poll(None if seconds is None else max(0, round(1000 * seconds))))

    def _feed(self) -> bool:
        """Take everything that is in the inlet; False when the last is STOP."""
        while self._inlet.poll(0):
            frames = self._inlet.recv_multipart()
            if frames == STOP:
                return False
            if time.monotonic() < self.last_moment:
                self._service.feed(frames)
        return True

    def _watch_listeners(self) -> float | None:
        """Wait for new clients where there is room; returns the seconds until more may come."""
        may_come = self._arrivals.has(1)
        for listener in self._listeners:
            has_room = len(self._clients[listener]) < self._room
            self._poller.register(listener.fileno(), zmq.POLLIN if may_come and has_room else 0)
            if not has_room:
                self._warn("there is no room for more clients: new ones wait until others leave", most=self._room)
        return None if may_come else 0.1

    def _accept(self, listener: socket.socket) -> None:
        self._arrivals.take(1)
        with ExitStack() as stack:
            try:
                client = stack.enter_context(listener.accept()[0])
                connection = self._connect(_tuned(client), self._listeners[listener], stack)
            except (OSError, zmq.ZMQError) as error:  # it has gone already, or there are too many files
                self._warn("a client cannot connect", reason=error.strerror)
                return
            stack.pop_all()
        self._clients[listener].add(connection)
        connection.watch(self._poller)

    def _connect(self, client: socket.socket, guard: Guard | None, stack: ExitStack) -> Connection:
        if not has_spare_files():
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        server, budget = self._service.open()
        stack.callback(server.close, 0)
        domain = guard.prepare(server) if guard else ""
        connection = Connection(client, server, budget)
        if guard:
            guard.expect(domain, connection)
        return connection

    def _serve(self, ready: Ready) -> None:
        for client in self._all():
            reason = self._step(client, ready)
            if reason is not None:
                self._drop(client, reason)

    def _all(self) -> list[Connection]:
        return [client for clients in self._clients.values() for client in clients]

    def _step(self, client: Connection, ready: Ready) -> str | None:
        """Serve a client; None while it stays, else why it goes, which is nothing to say if it left itself."""
        try:
            client.pump(ready)
        except GoneError as error:
            return str(error)
        client.watch(self._poller)
        return (client.server in ready and self._service.receive(client)) or None

    def _drop(self, client: Connection, reason: str = "") -> None:
        for clients in self._clients.values():
            clients.discard(client)
        client.unwatch(self._poller)
        client.cut()
        if not client.server.closed:
            self._cut[client] = time.monotonic()
        self._service.leave(client)
        if self._guard:
            self._guard.forget(client)
        if reason:
            self._warn("a client was cut off", client=client.who, reason=reason)

    def _deliver(self) -> None:
        """Close the ZeroMQ sockets, and move what they still send until they or the time are at their end."""
        for client in self._all():
            self._poller.register(client.server, 0)
            client.end()
        end = time.monotonic() + LINGER / 1000
        while self._all() and time.monotonic() < end:
            ready = self._poll(end - time.monotonic())
            for client in self._all():
                if self._step(client, ready) is not None:
                    self._drop(client)
        for client in self._all():
            self._drop(client)
        while self._bury(_NOTICED_AT_THE_END):
            time.sleep(0.01)

    def _bury(self, age: float = _NOTICED) -> float | None:
        """Close the ZeroMQ sockets of those cut so long ago; returns in how many seconds it is to be called again."""
        now = time.monotonic()
        for client, since in list(self._cut.items()):
            client.drain()
            if now - since > age:
                del self._cut[client]
                client.server.close(0)
        return 0.1 if self._cut else None

    def _warn(self, message: str, **facts: Any) -> None:
        """Log a warning, unless the same was logged just now: a hostile client comes again and again."""
        now = time.monotonic()
        if now - self._warned.get(message, -PATIENCE) >= PATIENCE:
            self._warned[message] = now
            log.warning(message, **facts)


def _tuned(client: socket.socket) -> socket.socket:
    if client.family != socket.AF_UNIX:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # one that was switched off gives its place back
    return client
