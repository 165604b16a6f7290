"""The daemons of one or several streams in one process, operated as one."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import Any

from kwsd.audio.driver import in_thread
from kwsd.daemon.daemon import Daemon
from kwsd.daemon.status_reports import PROBLEMS

END_TIMEOUT = 5.0  # s that the other streams have to end in when one has failed
SUMS, LARGEST = ("processed", "dropped", "detections"), ("uptime", "queue")


class Streams:
    """Daemons, each with a source of its own; several run in a thread each.

    Args:
        daemons: at least one.
    """

    def __init__(self, daemons: Sequence[Daemon]) -> None:
        self._daemons = tuple(daemons)

    def run(self) -> None:
        """Process all sources until they end or `stop` is called; when one fails, the others are stopped.

        Raises:
            KwsdError: the audio of a stream cannot be used.
        """
        if len(self._daemons) == 1:
            self._daemons[0].run()
            return
        runs = [in_thread(daemon.run, "kwsd-stream") for daemon in self._daemons]
        wait(runs, return_when=FIRST_EXCEPTION)
        failed = _failed(runs)
        if failed is not None:
            self.stop()
            wait(runs, END_TIMEOUT)
            raise failed

    def stop(self) -> None:
        """Make `run` return soon; it may be called from any thread and from a signal handler."""
        for daemon in self._daemons:
            daemon.stop()

    def reload(self) -> None:
        """Reload the keywords; it may be called from any thread and from a signal handler."""
        for daemon in self._daemons:
            daemon.reload()

    def pause(self, paused: bool) -> None:
        """As `Daemon.pause`, for all streams."""
        for daemon in self._daemons:
            daemon.pause(paused)

    def state(self) -> dict[str, Any]:
        """As `Daemon.state`, with the sums of all streams, and the state of one that has a problem if one has."""
        states = [daemon.state() for daemon in self._daemons]
        shown = next((state for state in states if state["state"] in PROBLEMS), states[0])
        sums = {name: sum(state[name] for state in states) for name in SUMS}
        largest = {name: max(state[name] for state in states) for name in LARGEST}
        return shown | sums | largest | {"stream": ", ".join(state["stream"] for state in states)}

    def log_changed(self, message: str, is_warning: bool) -> None:
        """As `Daemon.log_changed`, in the name of the first stream."""
        self._daemons[0].log_changed(message, is_warning)


def _failed(runs: Sequence[Future[None]]) -> BaseException | None:
    return next((error for run in runs if run.done() and (error := run.exception())), None)
