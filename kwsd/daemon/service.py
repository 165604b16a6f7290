"""The service behind `kwsd listen`: the daemon with its source, publishers, log and signal handlers, from settings."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from kwsd.control.server import ControlServer
from kwsd.daemon.adjustments import Adjustments
from kwsd.daemon.daemon import Daemon
from kwsd.daemon.hits import HitKeeper, RecordedSource
from kwsd.daemon.operator import Operator
from kwsd.daemon.prometheus import serving
from kwsd.daemon.score_feed import ScoreFeed
from kwsd.daemon.signals import deadline, handling
from kwsd.daemon.source import open_source
from kwsd.daemon.streams import Streams
from kwsd.daemon.systemd import JointNotifier, Notifier
from kwsd.enrolment.learning import BackgroundLearner
from kwsd.errors import KwsdError
from kwsd.events.emitter import Emitter, Numbers
from kwsd.events.json_lines import JsonLinesPublisher
from kwsd.events.keys import KeyFolder
from kwsd.events.messages import State, StatusEvent
from kwsd.events.publisher import Fanout, Publisher
from kwsd.events.zeromq import ZeroMQPublisher
from kwsd.keywords.selection import Selection, select
from kwsd.keywords.store import Store
from kwsd.settings.inputs import Input
from kwsd.settings.spotting import ListenConfig
from kwsd.tokenizer.tokenizer import Tokenizer

if TYPE_CHECKING:
    from kwsd.archive.indexing.token_log import TokenLog

SHUTDOWN_TIMEOUT = 10  # s from a signal to the end of the process, even if a driver or a socket blocks


def listen(config: ListenConfig, stdin: BinaryIO, stdout: TextIO, notifier: Notifier, restarts: int = 0) -> None:
    """Run the daemon until the audio ends or SIGINT or SIGTERM arrives.

    SIGHUP and changes in the keyword store reload the keywords.

    Raises:
        KwsdError: the model, the keywords, the log, a source or an endpoint cannot be used.
    """
    tokenizer, store = Tokenizer(config.model), Store(config.store)

    def select_again(before: Selection) -> Selection:
        return adjustments.apply(select(store, config.keywords, tokenizer, before.keywords))

    selection = select(store, config.keywords, tokenizer)  # raises its errors before a socket or a device is opened
    adjustments = Adjustments(store, selection)
    operator, keys = Operator(adjustments), KeyFolder(config.keys)
    with (
        deadline(SHUTDOWN_TIMEOUT) as start_deadline,
        open_log(config, tokenizer) as token_log,
        closing(open_publisher(config.endpoints, stdout if config.jsonl else None, keys)) as out,
        open_control(config.control, operator, keys) as control,
        ExitStack() as keepers,
    ):

        def stop() -> None:
            start_deadline()
            streams.stop()

        manager, numbers = JointNotifier(notifier, len(config.inputs)), Numbers()
        learner = None
        if config.learn_background:
            learner = BackgroundLearner(config.store, tokenizer, config.false_alarms_per_hour)
        daemons: list[Daemon] = []
        for wanted in config.inputs:
            one = _open_daemon(
                config,
                wanted,
                stdin,
                Tokenizer(config.model) if daemons else tokenizer,
                selection,
                out,
                keepers.enter_context(keeping_hits(config.save_hits, out)),
                select=select_again,
                store_version=store.version,
                notifier=manager.part(),
                token_log=token_log,
                learner=learner,
                restarts=restarts,
                scores=None if control is None or daemons else ScoreFeed(control),
                numbers=numbers,
            )
            daemons.append(one)
        streams = Streams(daemons)
        operator.attach(streams, stop)
        if learner is not None:
            learner.notify = streams.log_changed
        if token_log is not None:
            token_log.name, token_log.notify = daemons[0].name, streams.log_changed
        reloading = {signal.SIGHUP: streams.reload} if hasattr(signal, "SIGHUP") else {}
        with (
            serving(config.metrics, {daemon.name: daemon.metrics for daemon in daemons}),
            handling({signal.SIGINT: stop, signal.SIGTERM: stop} | reloading),
        ):
            streams.run()


def _open_daemon(
    config: ListenConfig,
    wanted: Input,
    stdin: BinaryIO,
    tokenizer: Tokenizer,
    selection: Selection,
    out: Publisher,
    keeper: HitKeeper | None,
    **parts: Any,
) -> Daemon:
    """The daemon of one input; `parts` are what else `Daemon` takes."""

    def changed(status: str, **facts: Any) -> None:
        daemon.source_changed(status, **facts)

    with reporting(out, tokenizer):
        source = open_source(wanted, stdin, config.queue, changed)
    daemon = Daemon(
        source if keeper is None else RecordedSource(source, keeper),
        tokenizer,
        selection,
        keeper or out,
        refractory=config.refractory,
        heartbeat=config.heartbeat,
        **parts,
    )
    if keeper is not None:
        keeper.notify = daemon.log_changed
    return daemon


@contextmanager
def reporting(out: Publisher, tokenizer: Tokenizer) -> Iterator[None]:
    """A context in which an error is also published, as the last status of a daemon that could not begin."""
    try:
        yield
    except KwsdError as error:
        Emitter(out, "audio", tokenizer.digest).emit(StatusEvent, state=str(State.STOPPING), message=str(error))
        raise


def open_log(config: ListenConfig, tokenizer: Tokenizer) -> AbstractContextManager[TokenLog | None]:
    """The token log in the settings, open for writing, or None if there is none.

    Raises:
        KwsdError: the index was made with another model, or cannot be written.
    """
    if config.log is None:
        return nullcontext()
    from kwsd.archive.indexing.token_log import TokenLog  # noqa: PLC0415 - the archive's kernels are for those who ask for them

    return closing(TokenLog(config.log, tokenizer, keep=config.log_keep))


def keeping_hits(folder: Path | None, publisher: Publisher) -> AbstractContextManager[HitKeeper | None]:
    """A publisher that keeps hits in a folder, or None if there is no folder."""
    return nullcontext() if folder is None else closing(HitKeeper(folder, publisher))


def open_control(
    endpoint: str | None, operator: Operator, keys: KeyFolder
) -> AbstractContextManager[ControlServer | None]:
    """The server of control at an endpoint, or None if there is no endpoint.

    Raises:
        EndpointError: the endpoint cannot be bound.
    """
    return nullcontext() if endpoint is None else closing(ControlServer(endpoint, operator, keys))


def open_publisher(endpoints: Sequence[str], lines: TextIO | None, keys: KeyFolder | None = None) -> Publisher:
    """One publisher that publishes to all endpoints, and as JSON lines to `lines` unless it is None.

    Raises:
        EndpointError: an endpoint cannot be bound.
    """
    sockets: list[Publisher] = [ZeroMQPublisher(endpoints, keys=keys)] if endpoints else []
    if lines is None:
        return Fanout(sockets)
    # Alone, the JSON lines raise ReaderGone when their reader has closed the pipe; in a Fanout they are only dropped.
    writer = JsonLinesPublisher(lines)
    return Fanout([*sockets, writer]) if sockets else writer
