"""The main loop of `kwsd listen`: audio blocks in, events out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from kwsd.audio.source import Block, QueuedSource
from kwsd.daemon.audio_reports import AudioReports
from kwsd.daemon.metrics import Metrics
from kwsd.daemon.periodic import PeriodicThread
from kwsd.daemon.reloader import Reloader
from kwsd.daemon.score_feed import ScoreFeed
from kwsd.daemon.status_reports import StatusReports
from kwsd.daemon.systemd import Notifier
from kwsd.daemon.watchdog import Watchdog
from kwsd.enrolment.learning import BackgroundLearner
from kwsd.errors import KwsdError
from kwsd.events.emitter import Emitter, Numbers
from kwsd.events.json_lines import ReaderGone
from kwsd.events.messages import DetectionEvent, HeartbeatEvent, State
from kwsd.events.publisher import Publisher
from kwsd.keywords.selection import Selection
from kwsd.spotting.detection import Detection
from kwsd.spotting.scan import AudioSpotter, FrameLog, Successor
from kwsd.tokenizer.tokenizer import Tokenizer

log = structlog.get_logger()

Reloaded = tuple[Selection, Successor]


class Daemon:
    """Spots keywords in a source and publishes detections, status and heartbeats.

    Args:
        source: is read to its end and closed.
        tokenizer: is reset.
        selection: the keywords to spot.
        publisher: gets the events; it is not closed.
        refractory: seconds after a detection in which the same keyword is not detected again.
        select: reads the keywords again, given those in use; called in another thread after `reload`.
        store_version: see `Store.version`; when it changes, the keywords are reloaded; None for never.
        heartbeat: seconds between heartbeats, 0 for none.
        notifier: the service manager.
        token_log: gets the frames; it is closed with the source.
        learner: makes keywords stricter where they are detected too often; it is saved with the end of the source.
        restarts: how often the service manager has started the daemon again.
        scores: gets the score track.
        numbers: of the events, shared by all streams of a process; its own if None.

    Attributes:
        name: of the source.
        metrics: what is counted.
    """

    def __init__(
        self,
        source: QueuedSource,
        tokenizer: Tokenizer,
        selection: Selection,
        publisher: Publisher,
        *,
        select: Callable[[Selection], Selection] = lambda selection: selection,
        store_version: Callable[[], object] | None = None,
        refractory: float = 1.0,
        heartbeat: float = 10.0,
        notifier: Notifier | None = None,
        token_log: FrameLog | None = None,
        learner: BackgroundLearner | None = None,
        restarts: int = 0,
        scores: ScoreFeed | None = None,
        numbers: Numbers | None = None,
    ) -> None:
        self.name = source.name
        self._source, self._tokenizer, self._selection, self._select = source, tokenizer, selection, select
        self._emitter = Emitter(publisher, source.name, tokenizer.digest, numbers=numbers)
        self._report = StatusReports(self._emitter)
        self._refractory, self._interval = refractory, heartbeat
        self._notifier, self._token_log = notifier or Notifier(), token_log
        self._learner, self._scores = learner, scores
        self._watchdog = Watchdog(self._notifier)
        self.metrics = Metrics(restarts)
        self._audio_reports = AudioReports(source.name, self.metrics, self._report)
        self._reloader = Reloader(self._prepare, store_version or (lambda: selection.version), selection.version)
        self._stopped = self._paused = self._pause_requested = False
        self._origin: float | None = None  # Unix time at second 0 of the stream

    def run(self) -> None:
        """Process the source until it ends or `stop` is called.

        Raises:
            KwsdError: the audio cannot be used; the last status event has the message.
        """
        self._report(State.STARTING, f"preparing the keywords for {self.name}")
        try:
            self._spotter = AudioSpotter(
                self._tokenizer,
                self._selection.keywords,
                refractory=self._refractory,
                traces=[one for one in (self._learner, self._scores) if one is not None],
                log=self._token_log,
            )
            if self._learner is not None:
                self._learner.refuses = self._spotter.refuses
            self._use(self._selection)
            self._report_selection(State.LISTENING, f"listening to {self.name}")
            self._notifier.send("READY=1")
            with PeriodicThread(self._interval, self._send_heartbeat, "kwsd-heartbeat"), self._reloader:
                self._process()
        except KwsdError as error:
            self._report_stopping(str(error))
            raise
        self._report_stopping("as asked" if self._stopped else f"{self.name} has ended")

    def stop(self) -> None:
        """Make `run` return soon; it may be called from any thread and from a signal handler."""
        self._stopped = True
        self._source.close()

    def reload(self) -> None:
        """Reload the keywords; it may be called from any thread and from a signal handler.

        They are read in another thread, and used from a block on that comes soon after it.
        """
        self._reloader.request()

    def pause(self, paused: bool) -> None:
        """Spot no keywords from the next block on, or spot them again; it may be called from any thread."""
        self._pause_requested = paused

    def state(self) -> dict[str, Any]:
        """The fields of `kwsd.control.messages.StateReply`; it may be called from any thread."""
        last = self._report.last
        return self.metrics.summary() | {
            "state": last.state if last else str(State.STARTING),
            "message": last.message if last else "",
            "paused": self._pause_requested,
            "stream": self.name,
            "instance": self._emitter.instance,
            "model": self._tokenizer.digest,
            "keywords": self._report.keywords,
        }

    def source_changed(self, status: str, **facts: Any) -> None:
        """Publish what the source reports; the audio lost meanwhile is not reported as an overflow."""
        if status == State.MICROPHONE_BACK:
            self.metrics.count_reopening()
        if status in (State.MICROPHONE_BACK, State.LISTENING):
            self._audio_reports.expect_gap()
        reason = f": {facts['reason']}" if "reason" in facts else ""
        self._report(status, f"{facts.get('device', self.name)}{reason}")

    def log_changed(self, message: str, is_warning: bool) -> None:
        """Publish that what is kept of the audio cannot be written, or can again; the state stays "listening"."""
        self._report(State.LISTENING, message, is_warning)

    def _process(self) -> None:
        try:
            for block in self._source.blocks():
                self._watchdog.feed()
                self._step(block)
            self._publish(self._spotter.flush())
        finally:
            self._source.close()
            if self._token_log is not None:
                self._token_log.close()
            if self._learner is not None:
                self._learner.save()

    def _step(self, block: Block) -> None:
        reloaded = self._reloader.take()
        if reloaded is not None:
            self._adopt(reloaded)
        if self._paused != self._pause_requested:
            self._switch()
        if block.seconds and not self._paused:
            self._hear(block)

    def _switch(self) -> None:
        self._paused = not self._paused
        if self._paused:
            self._publish(self._spotter.flush())
            self._report(State.PAUSED, "no keywords are spotted, as asked")
        else:
            self._report(State.LISTENING, f"listening to {self.name} again")

    def _hear(self, block: Block) -> None:
        # Detections from before a gap use this origin too: stream time counts lost audio, so it is the same.
        self._origin = None if block.wall is None else block.wall - block.time
        found = self._spotter.push(block)
        self._source.due = self._spotter.due
        self.metrics.add(block, [one.keyword for one in found], self._source.waiting)
        self._publish(found)
        self._learn()
        self._audio_reports.check(block)

    def _learn(self) -> None:
        """Change the thresholds by what was heard, and publish what changed."""
        changes = self._learner.learn() if self._learner else []
        if self._learner and changes:
            self._spotter.use_thresholds(self._learner.thresholds)
        for change in changes:
            self._report(State.LISTENING, str(change))

    def _publish(self, found: list[Detection]) -> None:
        for one in found:
            heard = None if self._origin is None else self._origin + one.end
            self._emitter.emit(DetectionEvent, heard=heard, **vars(one))
            log.info("detection", keyword=one.keyword, start=round(one.start, 2), end=round(one.end, 2))

    def _prepare(self) -> Reloaded:
        """The keywords as they are now, with a spotter that has heard what the one in use has; in another thread."""
        selection = self._select(self._selection)
        if self._learner is not None:
            self._learner.prepare(selection.keywords)
        return selection, self._spotter.successor(selection.keywords)

    def _adopt(self, reloaded: Reloaded | KwsdError) -> None:
        if isinstance(reloaded, KwsdError):
            self._report(State.RELOAD_FAILED, f"the keywords stay as they were: {reloaded}")
            return
        selection, successor = reloaded
        self._spotter.adopt(successor)
        self._use(selection)
        self._report_selection(State.RELOADED, "the keywords were read again")

    def _use(self, selection: Selection) -> None:
        self._selection = selection
        if self._learner is not None:
            self._learner.follow(selection.keywords)
        if self._scores is not None:
            self._scores.names = tuple(keyword.name for keyword in selection.keywords)
        self._report.keywords = tuple(sorted(keyword.name for keyword in selection.keywords))

    def _report_selection(self, state: State, message: str) -> None:
        problems = self._selection.problems
        self._report(state, "; ".join([message, *problems]), is_warning=bool(problems))

    def _send_heartbeat(self) -> None:
        try:
            self._emitter.emit(HeartbeatEvent, **self.metrics.report())
        except ReaderGone:
            self.stop()

    def _report_stopping(self, reason: str) -> None:
        self._notifier.send("STOPPING=1")
        self._report(State.STOPPING, reason)
