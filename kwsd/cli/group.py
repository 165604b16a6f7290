"""The end of every verb: an exit status, and one sentence on standard error instead of a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from kwsd.cli.notes import keep_off
from kwsd.errors import KwsdError
from kwsd.printable import printable

FAILED = 2
INTERRUPTED = 130  # 128 and SIGINT, as shells have it
READER_GONE = 141  # 128 and SIGPIPE


class Verbs(click.Group):
    """A group of verbs, listed in the order in which they were added, whose errors are printed as sentences."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a verb and exit with its status."""
        keep_off()
        options["standalone_mode"] = False
        with _ending():
            status = super().main(*args, **options)
            sys.stdout.flush()
            sys.exit(status if isinstance(status, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; a reader that closes the pipe is no failure, as click itself would have it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _discard_output()
            ctx.exit(READER_GONE)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the verbs."""
        return list(self.commands)


def complain(message: object) -> None:
    """Write a sentence to standard error."""
    click.echo(f"error: {printable(str(message))}", err=True)


def warn(message: object) -> None:
    """Write a sentence to standard error that does not change the exit status."""
    click.echo(f"warning: {printable(str(message))}", err=True)


@contextmanager
def _ending() -> Iterator[None]:
    try:
        yield
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _discard_output()
        sys.exit(READER_GONE)
    except KwsdError as error:
        _end_with(error)


def _end_with(error: KwsdError) -> None:
    if _is_reader_gone(error):
        sys.exit(READER_GONE)
    complain(error)
    sys.exit(FAILED)


def _is_reader_gone(error: KwsdError) -> bool:
    # By name: importing its module would load what most verbs do not need.
    return type(error).__name__ == "ReaderGone"


def _discard_output() -> None:
    # Python would complain again when it flushes the rest at exit.
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a path to compute with
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
