"""The control server: requests of clients in, replies out, and the score track to those who asked for it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import zmq

from kwsd.control.messages import (
    LONGEST,
    AnyRequest,
    Done,
    Failed,
    Reply,
    Scores,
    ScoresReply,
    id_of,
    read_request,
    to_json,
)
from kwsd.errors import KwsdError
from kwsd.events.connection import Connection
from kwsd.events.keys import KeyFolder
from kwsd.events.limits import Budget
from kwsd.events.server import Server

_WAITING = 100  # messages that wait for a client that does not read; more are dropped
_TRACK = msgspec.json.Decoder(tuple[float, dict[str, float]])


class Operator(Protocol):
    """Who carries the requests out."""

    def answer(self, request: AnyRequest) -> Reply:
        """Carry the request out, in the server's thread; raises KwsdError when that cannot be done."""


class ControlServer:
    """Answers requests at an endpoint; also sends scores to the clients that asked for them.

    Args:
        endpoint: where it listens.
        operator: carries the requests out, but for those for scores.
        keys: on a tcp endpoint, only clients that they allow to control are let in.

    Attributes:
        endpoint: the endpoint bound.

    Raises:
        EndpointError: the endpoint cannot be bound.
        ConfigError: it needs keys, and there are none.
    """

    def __init__(self, endpoint: str, operator: Operator, keys: KeyFolder | None = None) -> None:
        self._clients: _Clients

        def clients(context: zmq.Context[zmq.Socket[bytes]]) -> _Clients:
            self._clients = _Clients(context, operator)
            return self._clients

        self._server = Server([endpoint], clients, _WAITING, "control", keys)
        (self.endpoint,) = self._server.endpoints

    @property
    def wants_scores(self) -> bool:
        """Whether a client asked for scores."""
        return bool(self._clients.listeners)

    def send_scores(self, seconds: float, distances: Mapping[str, float]) -> None:
        """Send the distances up to a second of the stream, from any thread; clients that are behind do not get them."""
        self._server.send([msgspec.json.encode((seconds, distances))])

    def close(self) -> None:
        """Send what can be sent within half a second, and close."""
        self._server.close()


@dataclass
class _Listener:
    """A client that asked for scores; `lowest` are those since the last message."""

    envelope: list[bytes]
    request: Scores
    due: float = 0.0
    lowest: dict[str, float] = field(default_factory=dict)

    def add(self, seconds: float, distances: Mapping[str, float], now: float) -> ScoresReply | None:
        wanted = self.request.keywords
        for name, distance in distances.items():
            if not wanted or name in wanted:
                self.lowest[name] = min(distance, self.lowest.get(name, distance))
        if now < self.due or not self.lowest:
            return None
        self.due = now + 1 / self.request.rate
        lowest, self.lowest = self.lowest, {}
        return ScoresReply(id=self.request.id, time=seconds, distances=lowest)


class _Clients:
    """The clients of the hub."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], operator: Operator) -> None:
        self._context, self._operator = context, operator
        self.listeners: dict[Connection, _Listener] = {}

    def open(self) -> tuple[zmq.Socket[bytes], Budget]:
        socket = self._context.socket(zmq.ROUTER)
        socket.sndhwm = socket.rcvhwm = _WAITING
        socket.maxmsgsize = LONGEST
        return socket, Budget(burst=8 * LONGEST, rate=LONGEST)

    def receive(self, client: Connection) -> str:
        while client.server.poll(0):
            *envelope, body = client.server.recv_multipart()
            reply = self._answer(client, envelope, body)
            client.server.send_multipart([*envelope, to_json(reply)])
        return ""

    def leave(self, client: Connection) -> None:
        self.listeners.pop(client, None)

    def feed(self, frames: list[bytes]) -> None:
        seconds, distances = _TRACK.decode(frames[0])
        now = time.monotonic()
        for client, listener in self.listeners.items():
            reply = listener.add(seconds, distances, now)
            if reply:
                client.server.send_multipart([*listener.envelope, to_json(reply)])

    def attend(self, now: float) -> float | None:
        return None

    def _answer(self, client: Connection, envelope: list[bytes], body: bytes) -> Reply:
        try:
            request = read_request(body)
            if isinstance(request, Scores):
                return self._listen(client, envelope, request)
            return msgspec.structs.replace(self._operator.answer(request), id=request.id)
        except KwsdError as error:
            return Failed(id=id_of(body), error=str(error))

    def _listen(self, client: Connection, envelope: list[bytes], request: Scores) -> Reply:
        self.listeners.pop(client, None)
        if not request.rate:
            return Done(id=request.id, message="no scores are sent any more")
        self.listeners[client] = _Listener(envelope, request)
        return Done(id=request.id, message=f"scores are sent at most {request.rate:g} times a second")
