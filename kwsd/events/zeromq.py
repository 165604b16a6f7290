"""Events over ZeroMQ, to any number of subscribers on this machine or others.

The socket is an XPUB: it reports each new subscription, and the last status is then sent again, so that a late
subscriber knows the state. One thread owns the socket; other threads send it their events through an inproc pipe.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import zmq

from kwsd.errors import ConfigError, EndpointError
from kwsd.events.binding import bind
from kwsd.events.messages import VERSION, Event, StatusEvent

LINGER = 500
"""Milliseconds that closing waits for slow subscribers to receive what was sent."""

_FEED = "inproc://events"
_STOP = [b""]
_SUBSCRIBED = b"\x01"
_STATUS = f"kwsd/{VERSION}/{StatusEvent.kind}/".encode()


class ZeroMQPublisher:
    """Publishes events on all the endpoints; also a context manager that closes.

    A subscriber that falls `high_water_mark` messages behind loses messages: the sequence numbers show it.

    Attributes:
        endpoints: those bound, with the ports that the system chose for "*".
        dropped: events for which the pipe to the publisher's own thread had no room.

    Raises EndpointError when an endpoint cannot be bound, ConfigError for a high-water mark below 1.
    """

    def __init__(self, endpoints: Sequence[str], high_water_mark: int = 1000) -> None:
        if high_water_mark < 1:  # ZeroMQ would read 0 as "no limit", and let memory fill up
            raise ConfigError(f"the high-water mark is {high_water_mark}: make it at least 1 message")
        if not endpoints:
            raise EndpointError("there is no endpoint to publish on: give at least one")
        self.dropped = 0
        self._closed = False
        self._lock = threading.Lock()
        with ExitStack() as stack:
            self._held = stack.enter_context(ExitStack())
            context = stack.enter_context(zmq.Context())
            outlet = stack.enter_context(_outlet(context, high_water_mark))
            self.endpoints = tuple(bind(outlet, endpoint, self._held) for endpoint in endpoints)
            inlet, self._feed = (stack.enter_context(end) for end in _pipe(context, high_water_mark))
            self._context = context
            self._thread = threading.Thread(target=_Relay(inlet, outlet).run, name="kwsd-zeromq", daemon=True)
            self._thread.start()
            stack.pop_all()

    def publish(self, event: Event) -> None:
        """Send the event, from any thread but not in a signal handler, and without waiting; nothing after `close()`."""
        frames = event.frames()
        with self._lock:
            if self._closed:
                return
            try:
                self._feed.send_multipart(frames, zmq.NOBLOCK)
            except zmq.Again:
                self.dropped += 1

    def close(self) -> None:
        """Deliver what was published, for at most about LINGER milliseconds, and remove the ipc sockets."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._feed.send_multipart(_STOP)
            self._feed.close()
        self._thread.join()
        self._context.term()
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Relay:
    """The thread that owns the socket: it sends events, and the last status to a late subscriber."""

    def __init__(self, inlet: zmq.Socket[bytes], outlet: zmq.Socket[bytes]) -> None:
        self._inlet = inlet
        self._outlet = outlet
        self._last_status: tuple[bytes, bytes] | None = None

    def run(self) -> None:
        with self._inlet, self._outlet:
            poller = zmq.Poller()
            poller.register(self._inlet, zmq.POLLIN)
            poller.register(self._outlet, zmq.POLLIN)
            while self._turn(dict(poller.poll())):
                pass

    def _turn(self, ready: dict[Any, int]) -> bool:
        if self._outlet in ready:
            self._repeat_status(self._outlet.recv())
        return self._inlet not in ready or self._relay(self._inlet.recv_multipart())

    def _relay(self, frames: list[bytes]) -> bool:
        if frames == _STOP:
            return False
        self._outlet.send_multipart(frames)
        if frames[0] == _STATUS:
            self._last_status = replace(StatusEvent.from_dict(json.loads(frames[1])), repeat=True).frames()
        return True

    def _repeat_status(self, request: bytes) -> None:
        if self._last_status and request[:1] == _SUBSCRIBED and _STATUS.startswith(request[1:]):
            self._outlet.send_multipart(self._last_status)


def _outlet(context: zmq.Context[zmq.Socket[bytes]], high_water_mark: int) -> zmq.Socket[bytes]:
    outlet = context.socket(zmq.XPUB)
    outlet.sndhwm = high_water_mark  # has no effect on endpoints that are bound already
    outlet.linger = LINGER
    outlet.xpub_verbose = True  # else only the first subscription to a topic would be reported
    return outlet


def _pipe(context: zmq.Context[zmq.Socket[bytes]], high_water_mark: int) -> tuple[zmq.Socket[bytes], zmq.Socket[bytes]]:
    inlet, feed = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    inlet.rcvhwm = feed.sndhwm = high_water_mark
    inlet.bind(_FEED)
    feed.connect(_FEED)
    return inlet, feed
