"""Reading of Wyoming messages with limits, so that no client makes the server keep any amount of data."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from wyoming.event import Event

from kwsd.errors import KwsdError

LARGEST_DATA = 1 << 20  # bytes of JSON
LARGEST_PAYLOAD = 1 << 20  # bytes, half a minute of 16 kHz audio; the others wait while it is searched


class MessageError(KwsdError):
    """A message is not one of the Wyoming protocol; what follows it cannot be read."""


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """The next message, None at the end of the stream.

    Raises:
        MessageError: the message is damaged, or larger than the limits.
    """
    try:
        line = await reader.readline()
    except ValueError:
        raise MessageError("the header is longer than 64 KB: is the client one of the Wyoming protocol?") from None
    if not line:
        return None
    header = _object(line, "the header")
    kind, data = header.get("type"), header.get("data") or {}
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise MessageError("the header has no type, or data that is no object: send {type, data}")
    if size := _size(header, "data_length", LARGEST_DATA):
        data = data | _object(await _exactly(reader, size), "the data")
    payload = await _exactly(reader, _size(header, "payload_length", LARGEST_PAYLOAD))
    return Event(kind, data, payload or None)


async def _exactly(reader: asyncio.StreamReader, size: int) -> bytes:
    try:
        return await reader.readexactly(size)
    except asyncio.IncompleteReadError as error:
        raise MessageError(f"the message ends after {len(error.partial)} of {size} bytes") from None


def _size(header: dict[str, Any], name: str, largest: int) -> int:
    size = header.get(name) or 0
    if type(size) is not int or not 0 <= size <= largest:
        raise MessageError(f"{name} is {size!r:.40}: give 0 to {largest}")
    return size


def _object(text: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise MessageError(f"{name} is not JSON: is the client one of the Wyoming protocol?") from None
    if not isinstance(found, dict):
        raise MessageError(f"{name} is not a JSON object: is the client one of the Wyoming protocol?")
    return found
