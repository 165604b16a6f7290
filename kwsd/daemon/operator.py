"""The operator: carries out the requests of control on a running daemon."""

from __future__ import annotations

from collections.abc import Callable

from kwsd.control.messages import (
    AnyRequest,
    Disable,
    Done,
    Enable,
    Keywords,
    Pause,
    Reload,
    Reply,
    RequestError,
    Resume,
    Scores,
    StateReply,
    Status,
    Stop,
    Threshold,
)
from kwsd.daemon.adjustments import Adjustments
from kwsd.daemon.streams import Streams


class Operator:
    """Carries out requests; the daemon follows with the next block of audio.

    Args:
        adjustments: what is changed about the keywords.
    """

    def __init__(self, adjustments: Adjustments) -> None:
        self._adjustments = adjustments
        self._daemon: Streams | None = None
        self._stop: Callable[[], None] = lambda: None

    def attach(self, daemon: Streams, stop: Callable[[], None]) -> None:
        """Operate these streams from now on; `stop` ends it."""
        self._stop, self._daemon = stop, daemon

    def answer(self, request: AnyRequest) -> Reply:
        """Carry the request out.

        Raises:
            KwsdError: it cannot be; nothing was changed.
        """
        if self._daemon is None:
            raise RequestError("kwsd is still starting: ask again in a second")
        match request:
            case Status():
                return StateReply(**self._daemon.state())
            case Keywords():
                return self._adjustments.list()
            case Enable(keyword=name) | Disable(keyword=name):
                return self._reloaded(self._adjustments.enable(name, isinstance(request, Enable)))
            case Threshold(keyword=name, threshold=threshold, keep=keep):
                return self._reloaded(self._adjustments.set_threshold(name, threshold, keep))
            case _:
                return Done(message=self._command(request, self._daemon))

    def _command(self, request: Pause | Resume | Reload | Scores | Stop, daemon: Streams) -> str:
        match request:
            case Pause() | Resume():
                daemon.pause(isinstance(request, Pause))
                return "kwsd is paused" if isinstance(request, Pause) else "kwsd listens"
            case Reload():
                daemon.reload()
                return "the keywords are being read again"
            case Stop():
                self._stop()
                return "kwsd ends"
            case Scores():
                raise RequestError("there are no scores here")

    def _reloaded(self, message: str) -> Done:
        assert self._daemon
        self._daemon.reload()
        return Done(message=message)
