"""Events as signed HTTP requests to a web server."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

import structlog

from kwsd._version import __version__
from kwsd.bridges.messages import Message
from kwsd.bridges.outbox import Outbox

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # s between two tries; each pause is twice the one before
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirection is an error: urllib would follow it without the body."""

    def redirect_request(self, *args: Any, **options: Any) -> None:
        return None


class Webhook:
    """A bridge that posts each message as JSON.

    A signed request has the header `X-Kwsd-Signature: sha256=HEX`, the HMAC-SHA256 of `X-Kwsd-Timestamp`, a full stop
    and the body.

    Args:
        url: where to, http or https.
        secret: the key of the signature; no signature if it is None.
        patience: seconds for which a message is tried again when the server cannot be reached, or answers with 429 or
            5xx.
        timeout: seconds that one try may take.
    """

    def __init__(self, url: str, secret: str | None, patience: float, timeout: float) -> None:
        self._url, self._secret, self._patience, self._timeout = url, secret, patience, timeout
        self._opener = urllib.request.build_opener(_NoRedirect())
        self._closing = threading.Event()
        self._outbox = Outbox(self._deliver)

    def send(self, message: Message) -> None:
        """Post a message without waiting for the answer."""
        self._outbox.put(message)

    def close(self) -> None:
        """Post what waits, once each, within a bounded time."""
        self._closing.set()
        self._outbox.close()

    def _deliver(self, message: Message) -> bool:
        pause, until = FIRST_PAUSE, time.monotonic() + self._patience
        while True:
            problem, again = self._post(message)
            if not problem:
                return True
            give_up = not again or self._closing.is_set() or time.monotonic() + pause > until
            log.warning("the webhook failed", reason=problem, event_kind=message["event"], given_up=give_up)
            if give_up:
                return False
            self._closing.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _post(self, message: Message) -> tuple[str, bool]:
        """What went wrong, nothing if the message was taken; and whether another try may help."""
        try:
            with self._opener.open(self._request(message), timeout=self._timeout):
                return "", False
        except urllib.error.HTTPError as error:
            error.close()
            return f"HTTP status {error.code}", error.code == TOO_MANY_REQUESTS or error.code >= SERVER_ERROR
        except (OSError, HTTPException) as error:
            return str(getattr(error, "reason", error)) or type(error).__name__, True

    def _request(self, message: Message) -> urllib.request.Request:
        body, stamp = json.dumps(message).encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"kwsd/{__version__}",
            "X-Kwsd-Event": message["event"],
            "X-Kwsd-Timestamp": stamp,
        }
        if self._secret is not None:
            headers["X-Kwsd-Signature"] = f"sha256={signature(self._secret, stamp, body)}"
        return urllib.request.Request(self._url, body, headers, method="POST")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The HMAC-SHA256 of the time stamp, a full stop and the body, as hex digits."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
