"""Log messages of the verbs that run for long: to standard error, as lines on a terminal and as JSON otherwise."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import click
import structlog
from structlog.typing import Processor


def configure_logs(ctx: click.Context) -> None:
    """Send log messages of at least the level that `--log-level` names to standard error."""
    configure(ctx.find_root().params["log_level"], sys.stderr)


def configure(level: str, stream: TextIO) -> None:
    """Send messages of at least this level to the stream, in the form that suits it."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, *(_for_people() if stream.isatty() else _for_machines())],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(stream),
    )


def _for_people() -> list[Processor]:
    return [
        structlog.processors.TimeStamper("%H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(pad_event_to=0),
    ]


def _for_machines() -> list[Processor]:
    return [
        structlog.processors.TimeStamper("iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
