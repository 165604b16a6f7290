"""The service behind `kwsd listen`: audio in, events out, until the audio ends or somebody says stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from kwsd.audio.source import Block, Source
from kwsd.daemon.audio_monitor import OverflowMonitor, SilenceMonitor
from kwsd.daemon.metrics import Metrics
from kwsd.daemon.periodic import PeriodicThread
from kwsd.daemon.systemd import Notifier
from kwsd.daemon.watchdog import Watchdog
from kwsd.errors import KwsdError
from kwsd.events.emitter import Emitter
from kwsd.events.json_lines import ReaderGone
from kwsd.events.messages import DetectionEvent, HeartbeatEvent, State, StatusEvent
from kwsd.events.publisher import Publisher
from kwsd.keywords.selection import Selection
from kwsd.spotting.detection import Detection
from kwsd.spotting.scan import Listener, Log
from kwsd.tokenizer.tokenizer import Tokenizer

log = structlog.get_logger()


class Daemon:
    """Listens to a source, spots keywords and announces what happens.

    Args:
        source: is read to its end and closed.
        tokenizer: is reset.
        select: reads the keywords to spot; it is asked again by `reload`.
        publisher: where events go; it stays open.
        refractory: seconds after a detection in which the same keyword is not detected again.
        heartbeat: seconds between heartbeats, 0 for none.
        notifier: the service manager.
        token_log: keeps what is heard; it is closed with the source.
    """

    def __init__(
        self,
        source: Source,
        tokenizer: Tokenizer,
        select: Callable[[], Selection],
        publisher: Publisher,
        *,
        refractory: float = 1.0,
        heartbeat: float = 10.0,
        notifier: Notifier | None = None,
        token_log: Log | None = None,
    ) -> None:
        self._source, self._tokenizer, self._select = source, tokenizer, select
        self._emitter = Emitter(publisher, source.name, tokenizer.digest)
        self._refractory, self._interval = refractory, heartbeat
        self._notifier, self._token_log = notifier or Notifier(), token_log
        self._watchdog = Watchdog(self._notifier)
        self._metrics, self._overflow, self._silence = Metrics(), OverflowMonitor(), SilenceMonitor()
        self._reload = self._stopped = self._returned = False
        self._origin: float | None = None  # unix time at second 0 of the stream
        self._names: tuple[str, ...] = ()

    def run(self) -> None:
        """Listen until the source ends or `stop` is called.

        Raises:
            KwsdError: the audio or the keywords cannot be used; the last status says why.
        """
        self._say(State.STARTING, f"reading the keywords for {self._source.name}")
        try:
            self._take(self._select())
            self._say(State.LISTENING, f"listening to {self._source.name}")
            self._notifier.send("READY=1")
            with PeriodicThread(self._interval, self._beat, "kwsd-heartbeat"), self._watchdog.running():
                self._listen()
        except KwsdError as error:
            self._leave(str(error))
            raise
        self._leave("as asked" if self._stopped else f"{self._source.name} has ended")

    def stop(self) -> None:
        """Make `run` return soon; for any thread and for signal handlers."""
        self._stopped = True
        self._source.close()

    def reload(self) -> None:
        """Read the keywords again before the next block of audio; for any thread and for signal handlers."""
        self._reload = True

    def microphone_changed(self, status: str, **facts: Any) -> None:
        """Tell the world that a microphone went or came back; what was lost meanwhile needs no other word."""
        self._returned = status == State.MICROPHONE_BACK
        reason = f": {facts['reason']}" if "reason" in facts else ""
        self._say(status, f"{facts.get('device', self._source.name)}{reason}")

    def log_changed(self, message: str, worry: bool) -> None:
        """Tell the world that what is heard cannot be logged, or can again; the state is the same as before."""
        self._say(State.LISTENING, message, worry)

    def _listen(self) -> None:
        try:
            for block in self._source.blocks():
                with self._watchdog.step():
                    self._step(block)
            self._announce(self._listener.flush())
        finally:
            self._source.close()
            if self._token_log is not None:
                self._token_log.close()

    def _step(self, block: Block) -> None:
        if self._reload:
            self._reload = False
            self._read_again()
        # What is still owed from before a gap lies on the wall clock of that time, which is the same one.
        self._origin = None if block.wall is None else block.wall - block.time
        found = self._listener.push(block)
        self._metrics.add(block, len(found))
        self._announce(found)
        self._look_after(block)

    def _announce(self, found: list[Detection]) -> None:
        for one in found:
            heard = None if self._origin is None else self._origin + one.end
            self._emitter.emit(DetectionEvent, heard=heard, **vars(one))
            log.info("heard", keyword=one.keyword, start=round(one.start, 2), end=round(one.end, 2))

    def _look_after(self, block: Block) -> None:
        """Say what is wrong with the audio, once each time."""
        if self._returned and block.lost:
            self._returned = False
        elif self._overflow.see(block):
            self._say_loss(block)
        if block.wall is not None and self._silence.see(block):
            self._say_silence()

    def _say_loss(self, block: Block) -> None:
        if self._overflow.begun:
            self._say(State.OVERFLOW, f"{block.lost:.2f} s of audio were lost: this machine is too busy")
        else:
            self._say(State.LISTENING, f"no audio is lost any more, {self._metrics.lost:.2f} s were in all")

    def _say_silence(self) -> None:
        if self._silence.silent:
            self._say(State.SILENT, f"{self._source.name} gives nothing but zeros: is it muted, or the wrong one?")
        else:
            self._say(State.LISTENING, f"{self._source.name} gives sound again")

    def _take(self, selection: Selection) -> None:
        self._listener = Listener(self._tokenizer, selection.keywords, refractory=self._refractory, log=self._token_log)
        self._names = tuple(sorted(keyword.name for keyword in selection.keywords))
        self._origin = None
        for problem in selection.problems:
            log.warning("a keyword is left out", reason=problem)

    def _read_again(self) -> None:
        try:
            selection = self._select()
        except KwsdError as error:
            log.warning("the keywords stay as they were", reason=str(error))
            return
        self._announce(self._listener.flush())
        self._take(selection)
        self._say(State.RELOADED, "the keywords were read again")

    def _beat(self) -> None:
        try:
            self._emitter.emit(HeartbeatEvent, **self._metrics.report())
        except ReaderGone:
            self.stop()

    def _say(self, state: str, message: str, worry: bool = False) -> None:
        self._emitter.emit(StatusEvent, state=str(state), message=message, keywords=self._names)
        worry = worry or state in (State.OVERFLOW, State.MICROPHONE_LOST, State.SILENT)
        tell = log.warning if worry else log.info
        tell(str(state), message=message, keywords=len(self._names))

    def _leave(self, reason: str) -> None:
        self._notifier.send("STOPPING=1")
        self._say(State.STOPPING, reason)
