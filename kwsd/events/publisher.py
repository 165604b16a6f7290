"""Publishers: where events are sent. `Fanout` sends to several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from kwsd.events.messages import Event

log = structlog.get_logger()


class Publisher(Protocol):
    """A destination of events; it may be used from any thread."""

    def publish(self, event: Event) -> None:
        """Send the event without waiting for its readers."""

    def close(self) -> None:
        """Deliver the events that were published, within a bounded time, and close; further calls do nothing."""


class Fanout:
    """Sends each event to several publishers; one that fails is logged once and does not silence the others."""

    def __init__(self, publishers: Sequence[Publisher]) -> None:
        self._publishers = tuple(publishers)
        self._failing: set[Publisher] = set()

    def publish(self, event: Event) -> None:
        """Send the event to every publisher, also to one that failed before."""
        for publisher in self._publishers:
            try:
                publisher.publish(event)
            except Exception as error:  # a fault of one destination must not stop the others
                self._note_failure(publisher, error)
            else:
                self._failing.discard(publisher)

    def close(self) -> None:
        """Close every publisher, also when one of them fails."""
        for publisher in self._publishers:
            try:
                publisher.close()
            except Exception as error:
                self._note_failure(publisher, error)

    def _note_failure(self, publisher: Publisher, error: Exception) -> None:
        if publisher not in self._failing:
            self._failing.add(publisher)
            log.warning("events are not delivered", publisher=type(publisher).__name__, reason=str(error))
