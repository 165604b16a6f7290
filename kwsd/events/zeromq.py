"""Events over ZeroMQ, to any number of subscribers on this machine or others.

Each subscriber has an XPUB socket of its own (`kwsd.events.hub` says why). It reports new subscriptions, and the last
status is then sent again to that subscriber, so that a late one knows the state. One thread owns these sockets; other
threads send it their events through an inproc pipe.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace

import zmq

from kwsd.errors import ConfigError
from kwsd.events.closable import Closable
from kwsd.events.connection import Connection
from kwsd.events.keys import KeyFolder
from kwsd.events.limits import LONGEST_FRAME, MOST_TOPICS, TOPIC_BYTES, Budget, upstream
from kwsd.events.messages import VERSION, Event, StatusEvent
from kwsd.events.server import Server

_REPEAT = 1.0  # s between two repeats of the status for one subscriber
_STATUS = f"kwsd/{VERSION}/{StatusEvent.kind}/".encode()


class ZeroMQPublisher(Closable):
    """Publishes events on all the endpoints; also a context manager that closes.

    Beyond this machine it needs `keys`, and only clients that they allow to read are let in. A subscriber that falls
    `high_water_mark` messages behind loses messages: the sequence numbers show it.

    Attributes:
        endpoints: those bound, with the ports that the system chose for "*".
        dropped: events for which the pipe to the publisher's own thread had no room.

    Raises EndpointError when an endpoint cannot be bound, ConfigError for a high-water mark below 1 or missing keys.
    """

    def __init__(self, endpoints: Sequence[str], high_water_mark: int = 1000, keys: KeyFolder | None = None) -> None:
        if high_water_mark < 1:  # ZeroMQ would read 0 as "no limit", and let memory fill up
            raise ConfigError(f"the high-water mark is {high_water_mark}: make it at least 1 message")
        self.dropped = 0
        self._server = Server(
            endpoints, lambda context: Subscribers(context, high_water_mark), high_water_mark, "read", keys
        )
        self.endpoints = self._server.endpoints

    def publish(self, event: Event) -> None:
        """Send the event, from any thread but not in a signal handler, and without waiting; nothing after `close()`."""
        if not self._server.send(event.frames()):
            self.dropped += 1

    def close(self) -> None:
        """Deliver what was published, for at most a second, and remove the ipc sockets."""
        self._server.close()


class Subscribers:
    """The subscribers of a hub (`kwsd.events.hub.Service`): they get the events, and late ones the last status."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], high_water_mark: int) -> None:
        self._context, self._high_water_mark = context, high_water_mark
        self._topics: dict[Connection, set[bytes]] = {}
        self._due: dict[Connection, float] = {}  # when the status may be repeated for those who wait for it
        self._told: dict[Connection, float] = {}
        self._last_status: dict[str, tuple[bytes, bytes]] = {}  # of each stream

    def open(self) -> tuple[zmq.Socket[bytes], Budget]:
        """An XPUB socket, and what a subscriber may send."""
        outlet = self._context.socket(zmq.XPUB)
        outlet.sndhwm = self._high_water_mark
        outlet.maxmsgsize = LONGEST_FRAME
        outlet.xpub_verbose = True  # else a second subscription to a topic would not be reported
        return outlet, upstream()

    def receive(self, client: Connection) -> str:
        """Read subscriptions; returns a reason to cut the subscriber off if there are too many."""
        topics = self._topics.setdefault(client, set())
        while client.server.poll(0):
            self._note(client, topics, client.server.recv())
        if len(topics) > MOST_TOPICS or sum(map(len, topics)) > TOPIC_BYTES:
            return f"it subscribed to more than {MOST_TOPICS} topics, or to {TOPIC_BYTES} bytes of them"
        return ""

    def leave(self, client: Connection) -> None:
        """Forget a subscriber."""
        for kept in (self._topics, self._due, self._told):
            kept.pop(client, None)

    def feed(self, frames: list[bytes]) -> None:
        """Send an event to all."""
        shared = [zmq.Frame(frame) for frame in frames]  # one copy for all subscribers that are behind
        for client in self._topics:
            client.server.send_multipart(shared, copy=False)
        if frames[0] == _STATUS:
            status = StatusEvent.from_dict(json.loads(frames[1]))
            self._last_status[status.stream] = replace(status, repeat=True).frames()

    def attend(self, now: float) -> float | None:
        """Repeat the status to those for whom it is due."""
        for client in [client for client, due in self._due.items() if due <= now]:
            del self._due[client]
            self._told[client] = now
            for status in self._last_status.values():
                client.server.send_multipart(status)
        return min((due - now for due in self._due.values()), default=None)

    def _note(self, client: Connection, topics: set[bytes], request: bytes) -> None:
        if request[:1] == b"\0":
            topics.discard(request[1:])
        elif request[:1] == b"\1":
            topics.add(request[1:])
            if self._last_status and _STATUS.startswith(request[1:]):
                self._due.setdefault(client, max(time.monotonic(), self._told.get(client, 0.0) + _REPEAT))
