"""Log messages of the verbs that run for long."""

from __future__ import annotations

import sys

import click


def configure_logs(ctx: click.Context) -> None:
    """Send log messages to standard error, those and above of the level that `--log-level` names."""
    from kwsd.logs import configure

    configure(ctx.find_root().params["log_level"], sys.stderr)
