"""`kwsd doctor`: checks the installation."""

from __future__ import annotations

from pathlib import Path

import click

from kwsd.cli.group import FAILED
from kwsd.cli.options import model_option, store_option


@click.command(short_help="Check the installation.")
@store_option
@model_option
@click.pass_context
def doctor(ctx: click.Context, store: Path, model: Path | None) -> None:
    """Check the model, the kernels, the keyword store, the second look, the sockets and the microphones.

    Each line says "ok", or in one sentence what to do. The exit status is 2 if something is missing that every verb
    needs; a missing microphone or second look, or a socket in use, does not change it.

    \b
    Example:
      kwsd doctor
    """
    from kwsd.doctor import examine

    failed = False
    for finding in examine(model, store):
        mark = "ok" if not finding.problem else "FAIL" if finding.essential else "note"
        click.echo(f"{mark:4}  {finding.subject}: {finding.problem or finding.fact}")
        failed |= bool(finding.problem) and finding.essential
    if failed:
        ctx.exit(FAILED)
