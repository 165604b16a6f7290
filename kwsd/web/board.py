"""What the browsers see: the last state, and each message as it comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

Seen = Mapping[str, Any]

DETECTIONS = 50
"""Detections that a browser which comes later is told."""

WAITING = 500  # messages that a slow browser has not taken yet; further ones are dropped for it
_STAYING = {"status", "heartbeat", "connection"}  # the last of these is told to a browser that comes later


class Board:
    """Hands messages, objects with a `kind`, to all browsers; `publish` may be called in any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watchers: set[asyncio.Queue[Seen | None]] = set()
        self._last: dict[tuple[str, str], Seen] = {}  # by the kind and the stream
        self._detections: deque[Seen] = deque(maxlen=DETECTIONS)

    def open(self) -> None:
        """Begin; to be called in the event loop of the server."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """End the messages of every browser."""
        for watcher in self._watchers:
            if watcher.full():
                watcher.get_nowait()
            watcher.put_nowait(None)

    @property
    def watched(self) -> bool:
        """Whether there is a browser."""
        return bool(self._watchers)

    def publish(self, message: Seen) -> None:
        """Hand a message to every browser."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._show, message)

    async def messages(self) -> AsyncIterator[Seen]:
        """The last state, then every message as it comes, until the board is closed."""
        watcher: asyncio.Queue[Seen | None] = asyncio.Queue(WAITING)
        for known in (*self._last.values(), *self._detections):
            watcher.put_nowait(known)
        self._watchers.add(watcher)
        try:
            while (message := await watcher.get()) is not None:
                yield message
        finally:
            self._watchers.discard(watcher)

    def _show(self, message: Seen) -> None:
        if message["kind"] in _STAYING:
            self._forget_others(message.get("instance"))
            self._last[message["kind"], message.get("stream", "")] = message
        elif message["kind"] == "detection":
            self._detections.append(message)
        for watcher in self._watchers:
            if not watcher.full():
                watcher.put_nowait(message)

    def _forget_others(self, instance: str | None) -> None:
        """Forget what another process said: its streams may be others."""
        if instance:
            kept = {key: one for key, one in self._last.items() if one.get("instance", instance) == instance}
            self._last = kept
