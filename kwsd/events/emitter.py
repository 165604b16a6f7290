"""The emitter: makes the events of one process, numbers them and publishes them in that order."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from kwsd.events.messages import Event
from kwsd.events.publisher import Publisher

E = TypeVar("E", bound=Event)


class Emitter:
    """Makes the events of one process, numbers them from 1 and publishes them; usable from any thread.

    Attributes:
        instance: the random id of this process, 8 hexadecimal digits.
    """

    def __init__(self, publisher: Publisher, stream: str, model: str, clock: Callable[[], float] = time.time) -> None:
        self.instance = secrets.token_hex(4)
        self._publisher = publisher
        self._stream = stream
        self._model = model
        self._clock = clock
        self._sequence = 0
        # Another thread must not publish between the numbering and the sending of an event.
        self._lock = threading.Lock()

    def emit(self, kind: type[E], **values: Any) -> E:
        """Publish an event of this kind with these values of its own fields, and return it."""
        with self._lock:
            self._sequence += 1
            event = kind(
                sequence=self._sequence,
                instance=self.instance,
                stream=self._stream,
                wall=self._clock(),
                model=self._model,
                **values,
            )
            self._publisher.publish(event)
        return event
