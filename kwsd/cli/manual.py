"""The manual pages of kwsd, from the commands and their help: `python -m kwsd.cli.manual FOLDER`.

There is a page for kwsd and one for each verb; the commands of a verb are on its page. A page is what `--help` writes,
by way of click's own formatter, in the macros of man(7).
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from kwsd._version import __version__
from kwsd.cli import main

WIDTH = 200  # characters, so that no line of a help text is cut off
LINE = 74  # characters of a line in the file of a page


def escaped(text: str) -> str:
    """A text in which nothing is a request or an escape of roff, with hyphens that can be copied as such."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def filled(text: str) -> str:
    """A paragraph in lines of roff; man breaks them anew."""
    return escaped(textwrap.fill(text, LINE, break_long_words=False, break_on_hyphens=False))


class Page(click.HelpFormatter):
    """A formatter that writes a manual page instead of a help text."""

    def __init__(self) -> None:
        super().__init__(width=WIDTH)

    def add(self, *lines: str) -> None:
        """Write lines of roff."""
        self.write("".join(f"{line}\n" for line in lines))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The synopsis; what follows is the description."""
        self.add(".SH SYNOPSIS", f"\\fB{escaped(prog)}\\fR {escaped(args)}", ".SH DESCRIPTION")

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """A section such as that of the options."""
        self.add(f".SH {escaped(name.upper())}")
        yield

    def write_paragraph(self) -> None:
        """Nothing: man(7) puts space between paragraphs by itself."""

    def write_text(self, text: str) -> None:
        r"""Paragraphs; the lines of one that begins with \b stay as they are."""
        for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
            self.add(*[".PP"] * (number > 0))
            if paragraph.startswith("\b\n"):
                self.add(".nf", escaped(paragraph.removeprefix("\b\n")), ".fi")
            else:
                self.add(filled(paragraph))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Terms, and what each of them means."""
        for term, meaning in rows:
            self.add(".TP", f"\\fB{escaped(term)}\\fR", filled(meaning))


def page(context: click.Context) -> str:
    """The manual page of a command and of all that are below it, unless it is kwsd itself."""
    name = context.command_path.replace(" ", "-")
    written = Page()
    written.add(f'.TH {name.upper()} 1 "" "kwsd {__version__}" "kwsd"', ".SH NAME")
    written.add(f"{escaped(name)} \\- {escaped(context.command.get_short_help_str(WIDTH).rstrip('.'))}")
    context.command.format_help(context, written)
    if context.parent:
        for below in _below(context):
            written.add(f".SH {escaped(below.command_path.upper())}")
            body = Page()
            below.command.format_help(below, body)
            written.write(body.getvalue().replace(".SH ", ".SS "))
    written.add(".SH SEE ALSO", ", ".join(f"\\fB{escaped(one)}\\fR(1)" for one in _others(context)))
    return written.getvalue()


def pages() -> dict[str, str]:
    """The page of kwsd and those of its verbs, by the names of their files."""
    top = click.Context(main, info_name="kwsd", **main.context_settings)
    every = [top, *_below(top)]
    return {f"{one.command_path.replace(' ', '-')}.1": page(one) for one in every}


def _below(context: click.Context) -> list[click.Context]:
    """The commands of a group that are not hidden."""
    group = context.command
    if not isinstance(group, click.Group):
        return []
    found = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    return [
        click.Context(command, parent=context, info_name=name, **command.context_settings)
        for name, command in found
        if command and not command.hidden
    ]


def _others(context: click.Context) -> list[str]:
    if context.parent:
        return ["kwsd"]
    return [one.command_path.replace(" ", "-") for one in _below(context)]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in pages().items():
        (folder / file).write_text(text, encoding="utf-8")
