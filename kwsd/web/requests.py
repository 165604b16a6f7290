"""Bodies of requests, and replies: JSON, and one sentence for what cannot be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kwsd.control.messages import RequestError
from kwsd.errors import EndpointError, KwsdError

T = TypeVar("T")

LONGEST = 64 << 20
"""Bytes of a body: eight minutes of recordings at 48 kHz."""


async def read_body(request: Request) -> bytes:
    """The body of a request.

    Raises:
        RequestError: it is too long.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LONGEST:
            raise RequestError(f"the request is longer than {LONGEST >> 20} MiB: send fewer or shorter recordings")
        parts.append(part)
    return b"".join(parts)


async def read_json(request: Request, kind: type[T]) -> T:
    """The body of a request as an object of this kind.

    Raises:
        RequestError: it is none.
    """
    try:
        return msgspec.json.decode(await read_body(request), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"the request cannot be read: {error}") from error


async def answer(work: Callable[..., Any], *arguments: Any) -> Response:
    """What a function that takes its time returns, as JSON."""
    return json(await run_in_threadpool(work, *arguments))


def json(value: Any) -> Response:
    """A reply; dataclasses and messages become objects, and numbers that are not finite null."""
    return Response(msgspec.json.encode(value), media_type="application/json")


async def refuse(request: Request, error: Exception) -> Response:
    """The reply to a request that failed: 503 where no kwsd listens, and 400 else, with the sentence."""
    assert isinstance(error, KwsdError)
    return JSONResponse({"error": str(error)}, 503 if isinstance(error, EndpointError) else 400)
