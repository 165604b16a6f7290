"""The guard: lets clients in by their keys, with CURVE and ZAP (https://rfc.zeromq.org/spec/27/).

pyzmq has an authenticator; this one knows which connection asks, so that the log can say who was refused, and notices
when a key is revoked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import structlog
import zmq
from zmq.utils import z85

from kwsd.errors import ConfigError
from kwsd.events.connection import Connection
from kwsd.events.endpoints import Right
from kwsd.events.keys import KeyFolder

log = structlog.get_logger()

_ENDPOINT = "inproc://zeromq.zap.01"
_PATIENCE = 1.0  # s until a key that was revoked is noticed


class Guard:
    """Decides which clients of one context may come in; for use in one thread.

    Args:
        context: of the clients' sockets.
        keys: whose clients are let in.
        right: what they must be allowed to.

    Attributes:
        socket: where libzmq asks.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keys: KeyFolder, right: Right) -> None:
        self._keys, self._right, self._pair = keys, right, keys.pair()
        self._numbers: Iterator[int] = itertools.count(1)
        self._expected: dict[str, Connection] = {}
        self._inside: dict[Connection, str] = {}
        self._version, self._due = keys.version(), 0.0
        self.socket = context.socket(zmq.REP)
        self.socket.bind(_ENDPOINT)

    def prepare(self, server: zmq.Socket[bytes]) -> str:
        """Set the options of a client's socket before it is bound; returns the name under which libzmq will ask."""
        domain = str(next(self._numbers))
        server.curve_server = True
        server.curve_publickey, server.curve_secretkey = self._pair.public.encode(), self._pair.secret.encode()
        server.zap_domain = domain.encode()
        return domain

    def expect(self, domain: str, client: Connection) -> None:
        """Remember whom libzmq will ask about under a name."""
        # The client may be the first to notice that the keys do not fit, and leave.
        client.refusal = client.farewell = "it has no key or a wrong one of this kwsd, or does not speak the protocol"
        self._expected[domain] = client

    def forget(self, client: Connection) -> None:
        """A client has gone."""
        self._inside.pop(client, None)
        self._expected = {domain: one for domain, one in self._expected.items() if one is not client}

    def answer(self) -> tuple[Connection, str] | None:
        """Answer the question whether a client may come in; returns it with the reason if it may not."""
        version, number, domain, _, _, _, *credentials = self.socket.recv_multipart()
        client = self._expected.get(domain.decode("ascii", "replace"))
        key = z85.encode(credentials[0]).decode() if credentials else ""
        may_come = client is not None and self._admit(client, key)
        code, text = (b"200", b"OK") if may_come else (b"400", b"the key is not allowed")
        self.socket.send_multipart([version, number, code, text, b"", b""])
        return None if may_come or client is None else (client, f"its key {key} is not allowed to {self._right}")

    def revoked(self, now: float) -> list[Connection]:
        """The clients inside whose keys are not allowed any more."""
        if now < self._due:
            return []
        self._due, before, self._version = now + _PATIENCE, self._version, self._keys.version()
        return (
            [] if before == self._version else [client for client, key in self._inside.items() if not self._owner(key)]
        )

    @property
    def pause(self) -> float | None:
        """Seconds after which `revoked` should be called again."""
        return _PATIENCE if self._inside else None

    def _admit(self, client: Connection, key: str) -> bool:
        name = self._owner(key)
        client.refusal, client.farewell = "it does not speak the protocol" if name else "", ""
        if not name:
            return False
        self._inside[client] = key
        log.info("a client was let in", client=client.who, name=name, may=self._right)
        return True

    def _owner(self, key: str) -> str:
        try:
            owner = self._keys.owner(key, self._right)
        except ConfigError as error:
            log.warning("nobody is let in", reason=str(error))
            return ""
        return owner.name if owner else ""
