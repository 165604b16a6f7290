"""`kwsd completion`: installs the completion of commands and options in a shell."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

VARIABLE = "_KWSD_COMPLETE"  # in which the shell asks kwsd for completions
PLACES = {
    "bash": ("XDG_DATA_HOME", "~/.local/share", "bash-completion/completions/kwsd"),
    "zsh": ("XDG_DATA_HOME", "~/.local/share", "zsh/site-functions/_kwsd"),
    "fish": ("XDG_CONFIG_HOME", "~/.config", "fish/completions/kwsd.fish"),
}
NOTES = {
    "bash": "New shells complete kwsd if the package bash-completion is installed.",
    "zsh": "Put this line into ~/.zshrc, before compinit: fpath=({folder} $fpath)",
    "fish": "New shells complete kwsd.",
}


@click.command(short_help="Install the completion of commands and options in a shell.")
@click.argument("shell", type=click.Choice(tuple(PLACES)))
@click.option("--print", "only_print", is_flag=True, help="Print the script and write nothing.")
@click.pass_context
def completion(ctx: click.Context, shell: str, only_print: bool) -> None:
    """Install the completion of kwsd's commands and options, with the Tab key, for this account.

    \b
    Examples:
      kwsd completion bash
      kwsd completion zsh --print
    """
    from kwsd.atomic_write import replacing

    script = _script(ctx.find_root().command, shell)
    if only_print:
        click.echo(script)
        return
    place = _place(shell)
    with replacing(place) as file:
        file.write(script.encode())
    click.echo(f"written: {place}")
    click.echo(NOTES[shell].format(folder=place.parent))


def _script(command: click.Command, shell: str) -> str:
    found = get_completion_class(shell)
    assert found is not None
    return found(command, {}, "kwsd", VARIABLE).source()


def _place(shell: str) -> Path:
    variable, default, name = PLACES[shell]
    return Path(os.environ.get(variable) or os.path.expanduser(default), name)  # noqa: PTH111 - as in options.py
