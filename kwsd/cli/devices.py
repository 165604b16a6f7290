"""`kwsd devices`: the list of microphones."""

from __future__ import annotations

import json

import click


@click.command(short_help="List the microphones.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of lines.")
def devices(as_json: bool) -> None:
    """List the input devices; the default one has a star.

    Give `kwsd listen --device` the number, the name, or a part of the name that only one device has.

    \b
    Example:
      kwsd devices
    """
    from dataclasses import asdict

    from kwsd.audio import devices as find

    found = find()
    if as_json:
        click.echo(json.dumps([asdict(device) for device in found]))
        return
    for one in found:
        star = "*" if one.is_default else " "
        click.echo(f"{star} {one.index:3}  {one.name} ({one.host_api}, {one.channels} channels, {one.rate} Hz)")
    if not found:
        click.echo("no microphone was found", err=True)
