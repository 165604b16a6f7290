"""The control client: sends a request to a listening kwsd and returns the reply."""

from __future__ import annotations

from collections.abc import Iterator

import zmq

from kwsd.control.messages import AnyReply, Failed, Request, RequestError, ScoresReply, read_reply, to_json
from kwsd.errors import EndpointError
from kwsd.events.closable import Closable
from kwsd.events.endpoints import default_endpoint, safe_endpoint, socket_path
from kwsd.events.keys import KeyFolder, client_pair, use_keys

PATIENCE = 5.0
"""Seconds that are waited for a reply."""


class ControlClient(Closable):
    """A connection to a listening kwsd, for use in one thread; also a context manager that closes.

    Args:
        endpoint: where it listens; None for this account's own.
        server_key: the public key of that kwsd, which a tcp endpoint needs.
        keys: the key of this account, for such an endpoint.

    Raises:
        EndpointError: the endpoint cannot be connected to, or nobody listens there.
        ConfigError: a key is missing or none.
    """

    def __init__(
        self, endpoint: str | None = None, server_key: str | None = None, keys: KeyFolder | None = None
    ) -> None:
        self._endpoint = safe_endpoint(endpoint or default_endpoint(name="control"))
        path = socket_path(self._endpoint)
        if path and not path.is_socket():
            raise EndpointError(f"no kwsd listens at {self._endpoint}: start `kwsd listen`, or name its endpoint")
        pair = client_pair(self._endpoint, server_key, keys)
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.ipv6 = "[" in self._endpoint
        if server_key and pair:
            use_keys(self._socket, server_key, pair)
        self._socket.connect(self._endpoint)

    def ask(self, request: Request) -> AnyReply:
        """The reply to a request.

        Raises:
            EndpointError: there is no reply within PATIENCE seconds.
            RequestError: the request was refused; the message says why.
        """
        self._socket.send_multipart([b"", to_json(request)])
        reply = self._receive(PATIENCE)
        while isinstance(reply, ScoresReply):
            reply = self._receive(PATIENCE)
        if reply is None:
            raise EndpointError(f"no kwsd answers at {self._endpoint}: is `kwsd listen` running there?")
        if isinstance(reply, Failed):
            raise RequestError(reply.error)
        return reply

    def scores(self, timeout: float | None = None) -> Iterator[ScoresReply]:
        """The scores as they come, after a request for them; until there are none for `timeout` seconds."""
        while (reply := self._receive(timeout)) is not None:
            if isinstance(reply, ScoresReply):
                yield reply

    def close(self) -> None:
        """Disconnect."""
        self._socket.close(linger=0)
        self._context.term()

    def _receive(self, seconds: float | None) -> AnyReply | None:
        if not self._socket.poll(None if seconds is None else round(1000 * seconds)):
            return None
        return read_reply(self._socket.recv_multipart()[-1])
