"""`kwsd keywords`: lists, shows, calibrates, removes, exports and imports the keywords of a store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kwsd.cli.calibrate import calibrate
from kwsd.cli.group import FAILED, Verbs, complain
from kwsd.cli.options import PATH, store_option

if TYPE_CHECKING:
    from kwsd.keywords.keyword import Keyword

T = TypeVar("T")


@click.group(cls=Verbs, short_help="List, show, calibrate, remove, export and import keywords.")
def keywords() -> None:
    """Manage the keywords in the store.

    \b
    Example:
      kwsd keywords list
    """


@keywords.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of lines.")
@store_option
@click.pass_context
def list_keywords(ctx: click.Context, as_json: bool, store: Path) -> None:
    """List the keywords.

    The exit status is 2 if a keyword cannot be read; the others are listed.

    \b
    Example:
      kwsd keywords list --json
    """
    from kwsd.keywords.store import Store

    folder = Store(store)
    names = folder.names()
    found, failed = _each(names, folder.load)
    if as_json:
        click.echo(json.dumps([_summary(keyword) for keyword in found]))
    else:
        _print_table(found)
    if not names:
        click.echo(f"no keyword is enrolled in {store}", err=True)
    if failed:
        ctx.exit(FAILED)


@keywords.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@store_option
def show(name: str, as_json: bool, store: Path) -> None:
    """Show a keyword and its recordings.

    \b
    Example:
      kwsd keywords show "hey snips"
    """
    from kwsd.keywords.store import Store

    keyword = Store(store).load(name)
    if as_json:
        click.echo(json.dumps(_summary(keyword) | {"recordings": _recordings(keyword)}))
        return
    click.echo(f'"{keyword.name}"')
    click.echo(f"threshold {keyword.threshold:.3f}: {keyword.rule}")
    click.echo(f"scorer {keyword.scorer}, model {keyword.model}")
    rows = _recordings(keyword)
    width = max(len(row["recording"]) for row in rows)
    for row in rows:
        voice = f", said by {row['said']}" if row["said"] else ""
        kept = ", audio kept" if row["audio"] else ""
        negative = ", not to be detected" if row["negative"] else ""
        seconds = row["end"] - row["start"]
        click.echo(f"  {row['recording']:{width}}  {seconds:.2f} s, {row['frames']} frames{voice}{kept}{negative}")
    if keyword.looks:
        from kwsd.spotting.second_look import described

        click.echo(described(keyword))
    for one in keyword.contrasts[1:]:
        click.echo(f'not to be taken for "{one.text}", as {len(one.voices)} synthetic voices say it')


keywords.add_command(calibrate)


@keywords.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@store_option
@click.pass_context
def remove(ctx: click.Context, names: tuple[str, ...], store: Path) -> None:
    """Delete keywords from the store.

    \b
    Example:
      kwsd keywords remove "hey snips"
    """
    from kwsd.keywords.store import Store

    _, failed = _each(names, Store(store).remove)
    if failed:
        ctx.exit(FAILED)


@keywords.command("export", short_help="Write a keyword to a file, for another machine.")
@click.argument("name")
@click.argument("file", type=PATH, required=False)
@click.option("--replace", is_flag=True, help="Overwrite the file if it is there.")
@store_option
def export_keyword(name: str, file: Path | None, replace: bool, store: Path) -> None:
    """Write a keyword to FILE, for another machine to import; without FILE to NAME.kwsd here.

    \b
    Example:
      kwsd keywords export "hey snips" /media/stick/hey-snips.kwsd
    """
    from kwsd.errors import StoreError
    from kwsd.keywords.store import SUFFIX, Store

    keyword = Store(store).load(name)
    out = file or Path(f"{keyword.name}{SUFFIX}")
    out = out / f"{keyword.name}{SUFFIX}" if out.is_dir() else out
    if out.exists() and not replace:
        raise StoreError(f"{out} is there already: pass --replace to overwrite it")
    Store(store).export(name, out)
    click.echo(f"written to {out}")


@keywords.command("import")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option("--replace", is_flag=True, help="Overwrite keywords of the same name.")
@store_option
@click.pass_context
def import_keywords(ctx: click.Context, files: tuple[Path, ...], replace: bool, store: Path) -> None:
    """Add exported keywords to the store.

    The exit status is 2 if a file cannot be imported; the others are.

    \b
    Example:
      kwsd keywords import /media/stick/*.kwsd
    """
    from kwsd.keywords.store import Store

    found, failed = _each(files, lambda file: Store(store).import_file(file, replace=replace))
    for keyword in found:
        click.echo(f'imported "{keyword.name}"')
    if failed:
        ctx.exit(FAILED)


def _each(items: Iterable[T], act: Callable[[T], Any]) -> tuple[list[Any], bool]:
    """The results of `act`, and whether it failed for an item; the error is printed and the others go on."""
    from kwsd.errors import KwsdError

    results, failed = [], False
    for item in items:
        try:
            results.append(act(item))
        except KwsdError as error:
            complain(error)
            failed = True
    return results, failed


def _summary(keyword: Keyword) -> dict[str, Any]:
    return {
        "name": keyword.name,
        "templates": [len(t.frames) for t in keyword.templates],
        "threshold": keyword.threshold,
        "rule": keyword.rule,
        "scorer": keyword.scorer,
        "model": keyword.model,
        "unlike": [one.text for one in keyword.contrasts[1:]],
        "second_look": bool(keyword.looks),
    }


def _recordings(keyword: Keyword) -> list[dict[str, Any]]:
    return [
        {
            "recording": t.recording,
            "negative": negative,
            "start": t.start,
            "end": t.end,
            "frames": len(t.frames),
            "audio": bool(t.audio),
            "said": t.said,
        }
        for negative, templates in ((False, keyword.templates), (True, keyword.negatives))
        for t in templates
    ]


def _print_table(found: Iterable[Keyword]) -> None:
    rows = [
        (one.name, f"{len(one.templates)} recordings", f"threshold {one.threshold:.3f}", one.scorer) for one in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
