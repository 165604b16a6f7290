"""What is done with mutated bytes of a subscriber: they are sent to a socket of the publisher, as from a client."""

from __future__ import annotations

import functools
import os
import socket
import time
from contextlib import ExitStack

import zmq
from numpy.random import Generator

from benchmarks.mutations import changed_bytes
from benchmarks.subscribers import GREETING, READY
from kwsd.errors import KwsdError
from kwsd.events.connection import Connection, GoneError
from kwsd.events.messages import StatusEvent
from kwsd.events.zeromq import Subscribers

TOPICS = (b"kwsd/1/", b"kwsd/1/status/", b"", b"kwsd/1/detection/hey snips/")
SESSION = b"".join(bytes([0, 1 + len(topic), 1]) + topic for topic in TOPICS)
STATUS = StatusEvent(sequence=1, instance="5eed1e55", stream="s", wall=1.75e9, model="0123456789ab", state="listening")
_PAUSE = 10  # ms without anything to read, after which the session is over


@functools.cache
def _context(process: int) -> zmq.Context[zmq.Socket[bytes]]:
    """The context of a process; it is not ended, because that can hang where connections break as they are closed."""
    return zmq.Context()


class FrameTarget:
    """Serves a client that sends a mutated session; one that is cut off counts as refused."""

    def __call__(self, random: Generator) -> None:
        """Run one case."""
        subscribers = Subscribers(_context(os.getpid()), high_water_mark=10)
        subscribers.feed(list(STATUS.frames()))
        ours, theirs = socket.socketpair()
        with ExitStack() as stack, ours:
            client = Connection(theirs, *subscribers.open())
            stack.callback(client.server.close, 0)
            stack.callback(client.cut)
            self._send(random, subscribers, client, ours)

    def _send(self, random: Generator, subscribers: Subscribers, client: Connection, ours: socket.socket) -> None:
        """Send the handshake, and when it was answered the topics; one of them is mutated."""
        mutated = random.integers(2)
        for number, part in enumerate((GREETING + READY, SESSION)):
            ours.sendall(changed_bytes(random, part) if number == mutated else part)
            self._serve(subscribers, client)

    def _serve(self, subscribers: Subscribers, client: Connection) -> None:
        poller = zmq.Poller()
        client.watch(poller)
        while ready := dict(poller.poll(_PAUSE)):
            try:
                client.pump(ready)
            except GoneError as error:
                raise KwsdError(str(error)) from error
            client.watch(poller)
            reason = subscribers.receive(client) if client.server in ready else ""
            if reason:
                raise KwsdError(reason)
            subscribers.attend(time.monotonic())
