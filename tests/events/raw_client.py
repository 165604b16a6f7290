"""A subscriber without ZeroMQ, which sends whatever it is told: ZMTP 3.0 by hand, https://rfc.zeromq.org/spec/23/."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from types import TracebackType
from typing import Self

GREETING = b"\xff" + bytes(8) + b"\x7f\3\0" + b"NULL".ljust(20, b"\0") + bytes(32)
_TYPE = b"Socket-Type"


def frame(body: bytes, flags: int = 0) -> bytes:
    """A frame: its flags, its length, and what is in it."""
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return struct.pack(">BQ", flags | 2, len(body)) + body


class RawClient:
    """A connection to an endpoint of a publisher that has shaken hands as a subscriber, unless it was refused.

    Attributes:
        socket: the connection.
    """

    def __init__(self, endpoint: str, patience: float = 20.0) -> None:
        transport, _, place = endpoint.partition("://")
        self.socket = socket.socket(socket.AF_UNIX if transport == "ipc" else socket.AF_INET)
        self.socket.settimeout(patience)
        host, _, port = place.rpartition(":")
        self.socket.connect(place if transport == "ipc" else (host, int(port)))
        ready = b"\5READY" + bytes([len(_TYPE)]) + _TYPE + struct.pack(">I", 3) + b"SUB"
        with suppress(ConnectionError):  # it was cut off at once
            self.socket.sendall(GREETING + frame(ready, flags=4))
            self._wait_for_ready()

    def _wait_for_ready(self) -> None:
        """Read until the publisher is ready too: what comes before that is against the protocol."""
        heard = b""
        while b"READY" not in heard and (more := self.socket.recv(256)):
            heard += more

    def subscribe(self, *topics: bytes) -> bool:
        """Send a subscription to each topic; False once the publisher has closed the connection."""
        try:
            for topic in topics:
                self.socket.sendall(frame(b"\1" + topic))
        except OSError:
            return False
        return True

    def wait_for_the_end(self) -> bool:
        """Read until the publisher closes the connection; False if it does not."""
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()
