"""Where events go: one `Publisher` a destination, and `Fanout` for several at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from kwsd.events.messages import Event

log = structlog.get_logger()


class Publisher(Protocol):
    """A place that events are sent to; it may be used from any thread."""

    def publish(self, event: Event) -> None:
        """Send the event on, without waiting for whoever reads it."""

    def close(self) -> None:
        """Deliver what is on its way within a bounded time, and let go; more calls do nothing."""


class Fanout:
    """Sends each event to several publishers; one that fails is logged once and does not silence the others."""

    def __init__(self, publishers: Sequence[Publisher]) -> None:
        self._publishers = tuple(publishers)
        self._failing: set[Publisher] = set()

    def publish(self, event: Event) -> None:
        """Send the event to all of them, also to those that failed before."""
        for publisher in self._publishers:
            try:
                publisher.publish(event)
            except Exception as error:  # whatever is wrong with one place is no reason to miss the others
                self._note_failure(publisher, error)
            else:
                self._failing.discard(publisher)

    def close(self) -> None:
        """Close all of them, also when one cannot."""
        for publisher in self._publishers:
            try:
                publisher.close()
            except Exception as error:
                self._note_failure(publisher, error)

    def _note_failure(self, publisher: Publisher, error: Exception) -> None:
        if publisher not in self._failing:
            self._failing.add(publisher)
            log.warning("events are not delivered", publisher=type(publisher).__name__, reason=str(error))
