"""A server: a hub in a thread of its own, and the pipe through which the other threads send to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import zmq

from kwsd.errors import EndpointError
from kwsd.events.binding import listen, name
from kwsd.events.endpoints import Right, check, needs_keys
from kwsd.events.guard import Guard
from kwsd.events.hub import LINGER, STOP, Hub, Service
from kwsd.events.keys import KeyFolder

_FEED = "inproc://feed"


class Server:
    """Listens at endpoints and serves the clients in a thread.

    Args:
        endpoints: where it listens, at least one.
        service: makes what is done with the clients, from the context for their sockets.
        high_water_mark: messages from other threads that may wait.
        right: what a client must be allowed to where keys are needed, see `kwsd.events.endpoints.needs_keys`.
        keys: the clients that are let in there.

    Attributes:
        endpoints: those bound, with the ports that the system chose for "*".

    Raises:
        EndpointError: an endpoint cannot be bound, or there is none.
        ConfigError: an endpoint needs keys, and there are none.
    """

    def __init__(
        self,
        endpoints: Sequence[str],
        service: Callable[[zmq.Context[zmq.Socket[bytes]]], Service],
        high_water_mark: int,
        right: Right,
        keys: KeyFolder | None,
    ) -> None:
        if not endpoints:
            raise EndpointError("there is no endpoint to publish on: give at least one")
        self._closed = False
        self._lock = threading.Lock()
        with ExitStack() as stack:
            self._held = stack.enter_context(ExitStack())
            self._context = context = stack.enter_context(zmq.Context())
            guard = _guard(endpoints, context, right, keys)
            if guard:
                stack.enter_context(guard.socket)
            listeners = [stack.enter_context(listen(endpoint, self._held)) for endpoint in endpoints]
            guards = [guard if needs_keys(endpoint, right) else None for endpoint in endpoints]
            self.endpoints = tuple(name(listener) for listener in listeners)
            inlet, self._feed = (stack.enter_context(end) for end in _pipe(context, high_water_mark))
            self._hub = Hub(inlet, dict(zip(listeners, guards, strict=True)), service(context))
            self._thread = threading.Thread(target=self._hub.run, name="kwsd-zeromq", daemon=True)
            self._thread.start()
            stack.pop_all()

    def send(self, frames: Sequence[bytes]) -> bool:
        """Hand frames to the service, from any thread but not in a signal handler; False when there is no room."""
        with self._lock:
            if self._closed:
                return True
            try:
                self._feed.send_multipart(frames, zmq.NOBLOCK)
            except zmq.Again:
                return False
            return True

    def close(self) -> None:
        """Deliver what was sent, for at most about twice `hub.LINGER` milliseconds, and remove the ipc sockets."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._hub.last_moment = time.monotonic() + LINGER / 1000
            self._feed.send_multipart(STOP)
            self._feed.close()
        self._thread.join()
        # It can hang for ever where a connection breaks at the moment at which its socket is closed.
        ending = threading.Thread(target=self._context.term, name="kwsd-zeromq-end", daemon=True)
        ending.start()
        ending.join(LINGER / 1000)
        self._held.close()


def _guard(
    endpoints: Sequence[str], context: zmq.Context[zmq.Socket[bytes]], right: Right, keys: KeyFolder | None
) -> Guard | None:
    """The guard of those endpoints that need one; ConfigError where there are no keys."""
    open_ones = [endpoint for endpoint in endpoints if needs_keys(check(endpoint), right)]
    if not open_ones:
        return None
    if keys is None:
        raise EndpointError(f"{open_ones[0]} needs keys, and there are none: make them with `kwsd keys generate`")
    return Guard(context, keys, right)


def _pipe(context: zmq.Context[zmq.Socket[bytes]], high_water_mark: int) -> tuple[zmq.Socket[bytes], zmq.Socket[bytes]]:
    inlet, feed = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    inlet.rcvhwm = feed.sndhwm = high_water_mark
    inlet.bind(_FEED)
    feed.connect(_FEED)
    return inlet, feed
