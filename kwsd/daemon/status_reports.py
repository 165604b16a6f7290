"""Reports of the daemon's state: each is a status event and a message in the log."""

from __future__ import annotations

import structlog

from kwsd.events.emitter import Emitter
from kwsd.events.messages import State, StatusEvent

log = structlog.get_logger()

PROBLEMS = (State.OVERFLOW, State.MICROPHONE_LOST, State.NO_AUDIO, State.SILENT, State.CLIPPED, State.RELOAD_FAILED)


class StatusReports:
    """A function that reports a state.

    Args:
        emitter: publishes the events.

    Attributes:
        keywords: names of the keywords listened for.
        last: the last report, None before the first.
    """

    def __init__(self, emitter: Emitter) -> None:
        self.keywords: tuple[str, ...] = ()
        self.last: StatusEvent | None = None
        self._emitter = emitter

    def __call__(self, state: str, message: str, is_warning: bool = False) -> None:
        """Report a state with a sentence; those of PROBLEMS are warnings in any case."""
        self.last = self._emitter.emit(StatusEvent, state=str(state), message=message, keywords=self.keywords)
        write = log.warning if is_warning or state in PROBLEMS else log.info
        write(str(state), message=message, keywords=len(self.keywords))
