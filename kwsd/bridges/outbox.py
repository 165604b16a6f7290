"""A queue of messages that a thread delivers one after the other, so that a slow receiver does not stop the events."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import structlog

from kwsd.bridges.messages import Message, lost

log = structlog.get_logger()

SIZE = 100  # messages that may wait; then the oldest are dropped
CLOSING = 5.0  # s in which `close` delivers what waits


class Outbox:
    """Messages on their way to a receiver. What is dropped or cannot be delivered is told before the next message.

    Args:
        deliver: delivers one message; whether it could be delivered.
    """

    def __init__(self, deliver: Callable[[Message], bool]) -> None:
        self._deliver = deliver
        self._waiting: queue.Queue[Message | None] = queue.Queue()
        self._lost = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="kwsd-bridge", daemon=True)
        self._thread.start()

    def put(self, message: Message) -> None:
        """Add a message; the oldest one is dropped if too many wait."""
        if self._waiting.qsize() >= SIZE:
            self._drop_oldest()
        self._waiting.put(message)

    def close(self) -> None:
        """Deliver what waits, within a bounded time; later messages are not delivered."""
        self._waiting.put(None)
        self._thread.join(CLOSING)

    def _drop_oldest(self) -> None:
        try:
            self._waiting.get_nowait()
        except queue.Empty:
            return
        self._count()
        log.warning("the receiver is too slow: an event is dropped", waiting=SIZE)

    def _run(self) -> None:
        while (message := self._waiting.get()) is not None:
            with self._lock:
                missed, self._lost = self._lost, 0
            if missed and not self._deliver(lost(missed)):
                self._count(missed)
            if not self._deliver(message):
                self._count()

    def _count(self, messages: int = 1) -> None:
        with self._lock:
            self._lost += messages
