"""Who may ask: only requests with the token, made by the page itself, under a name that belongs to this machine.

- The token is in a header that the page sets, not in a cookie: a browser sends it for no other page (CSRF), nor to
  other servers of this machine.
- A request under a name that is not this machine's is refused: a stranger's name that leads here (DNS rebinding) would
  make a stranger's page one of the same origin.
- What changes something must come from a page of the same origin, by its Origin header.
"""

from __future__ import annotations

import secrets
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api/"
SAFE = {"GET", "HEAD"}

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class Guard:
    """An ASGI application around another: refuses what is not allowed, and adds the headers of HEADERS to replies.

    Args:
        app: the application.
        token: without it, only the files of the page are served, which hold no secret.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope):
            status, sentence = refusal
            await JSONResponse({"error": sentence}, status)(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        host = headers.get("host", "")
        if not is_own_name(host):
            return 421, "that is not a name of this machine: open the address that `kwsd monitor` printed"
        if method not in SAFE and urlsplit(headers.get("origin", "")).netloc != host:
            return 403, "only the page itself may change something: open the address that `kwsd monitor` printed"
        if path.startswith(API) and not self._has_token(headers):
            return 401, "the token is missing or wrong: open the address that `kwsd monitor` printed"
        return None

    def _has_token(self, headers: Headers) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and secrets.compare_digest(given.encode(), self._token)


def is_own_name(host: str) -> bool:
    """Whether a Host header is an address in numbers, localhost, or the name of this machine, with any port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    own = socket.gethostname().lower()
    if name in {"localhost", own, own.partition(".")[0], f"{own.partition('.')[0]}.local"}:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
