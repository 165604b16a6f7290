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


class Numbers:
    """The numbers of the events of one process, whatever their streams.

    Attributes:
        instance: the random id of this process, 8 hexadecimal digits.
        lock: is held from the numbering of an event until it is sent, else another thread's event overtakes it.
    """

    def __init__(self) -> None:
        self.instance = secrets.token_hex(4)
        self.lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        """The next number, from 1 on; the lock must be held."""
        self._last += 1
        return self._last


class Emitter:
    """Makes the events of one stream, numbers them and publishes them; usable from any thread.

    Args:
        publisher: gets the events.
        stream: name of the stream.
        model: digest of the tokenizer.
        clock: gives the Unix time.
        numbers: shared by all streams of a process; its own if None.

    Attributes:
        instance: the random id of this process, 8 hexadecimal digits.
    """

    def __init__(
        self,
        publisher: Publisher,
        stream: str,
        model: str,
        clock: Callable[[], float] = time.time,
        numbers: Numbers | None = None,
    ) -> None:
        self._numbers = numbers or Numbers()
        self.instance = self._numbers.instance
        self._publisher = publisher
        self._stream = stream
        self._model = model
        self._clock = clock

    def emit(self, kind: type[E], **values: Any) -> E:
        """Publish an event of this kind with these values of its own fields, and return it."""
        with self._numbers.lock:
            event = kind(
                sequence=self._numbers.next(),
                instance=self.instance,
                stream=self._stream,
                wall=self._clock(),
                model=self._model,
                **values,
            )
            self._publisher.publish(event)
        return event
