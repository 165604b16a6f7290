"""The daemon in the world: its source, its sockets and its signals, from what was asked for."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from kwsd.config import ListenConfig
from kwsd.daemon.daemon import Daemon
from kwsd.daemon.signals import deadline, handling
from kwsd.daemon.source import open_source
from kwsd.daemon.systemd import Notifier
from kwsd.events.json_lines import JsonLinesPublisher
from kwsd.events.publisher import Fanout, Publisher
from kwsd.events.zeromq import ZeroMQPublisher
from kwsd.keywords.selection import Selection, select
from kwsd.keywords.store import Store
from kwsd.tokenizer.tokenizer import Tokenizer

if TYPE_CHECKING:
    from kwsd.archive.indexing.token_log import TokenLog

GRACE = 10  # s from a signal to the end of the process, whatever a driver or a socket does


def listen(config: ListenConfig, stdin: BinaryIO, stdout: TextIO, notifier: Notifier) -> None:
    """Listen as configured until the audio ends or SIGINT or SIGTERM comes; SIGHUP reads the keywords again.

    Raises:
        KwsdError: the model, the keywords, the log, the source or an endpoint cannot be used.
    """
    tokenizer = Tokenizer(config.model)
    store = Store(config.store)

    def choose() -> Selection:
        return select(store, config.keywords, tokenizer.digest)

    choose()  # what cannot work is refused before a socket or a device is opened
    with (
        deadline(GRACE) as hurry,
        open_log(config, tokenizer) as token_log,
        closing(open_publisher(config.endpoints, stdout if config.jsonl else None)) as out,
    ):

        def changed(status: str, **facts: Any) -> None:
            daemon.microphone_changed(status, **facts)

        def stop() -> None:
            hurry()
            daemon.stop()

        source = open_source(config.input, stdin, config.queue, changed)
        daemon = Daemon(
            source,
            tokenizer,
            choose,
            out,
            refractory=config.refractory,
            heartbeat=config.heartbeat,
            notifier=notifier,
            token_log=token_log,
        )
        if token_log is not None:
            token_log.name, token_log.notify = source.name, daemon.log_changed
        with handling({signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGHUP: daemon.reload}):
            daemon.run()


def open_log(config: ListenConfig, tokenizer: Tokenizer) -> AbstractContextManager[TokenLog | None]:
    """The log that was asked for, open for writing, or None.

    Raises:
        KwsdError: its index is another's, or cannot be written.
    """
    if config.log is None:
        return nullcontext()
    from kwsd.archive.indexing.token_log import TokenLog  # noqa: PLC0415 - the archive's kernels are for those who ask for them

    return closing(TokenLog(config.log, tokenizer, keep=config.log_keep))


def open_publisher(endpoints: Sequence[str], lines: TextIO | None) -> Publisher:
    """One publisher for all the places that events go to.

    Raises:
        EndpointError: an endpoint cannot be bound.
    """
    sockets: list[Publisher] = [ZeroMQPublisher(endpoints)] if endpoints else []
    if lines is None:
        return Fanout(sockets)
    # Alone, the lines tell whoever writes them that their reader has gone; among others they only fall silent.
    writer = JsonLinesPublisher(lines)
    return Fanout([*sockets, writer]) if sockets else writer
