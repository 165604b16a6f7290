"""`kwsd index discover`: shows phrases that recur in an archive, without asking for any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwsd.cli.group import FAILED, complain
from kwsd.cli.index_statistics import count
from kwsd.cli.options import LOCATION, PATH, model_option, setting
from kwsd.cli.progress import Bar
from kwsd.cli.search import action, facts, failed_at, percent, place
from kwsd.settings.archive import DiscoverConfig

if TYPE_CHECKING:
    from kwsd.archive import Group, Hit

SHOWN = 5  # places of a phrase that are shown to people


@click.command(short_help="Find phrases that recur in an index.")
@click.argument("index", type=LOCATION)
@setting(DiscoverConfig, "top", metavar="COUNT")
@setting(DiscoverConfig, "min_seconds", metavar="SECONDS")
@setting(DiscoverConfig, "second_look")
@click.option("--jsonl", is_flag=True, help="Print one JSON object a line for each phrase, with all its places.")
@click.option("--clips", type=PATH, metavar="DIR", help="Cut the places out into FLAC files, a folder a phrase.")
@model_option
@click.pass_context
def discover(
    ctx: click.Context,
    index: str,
    top: int,
    min_seconds: float,
    second_look: bool,
    jsonl: bool,
    clips: Path | None,
    model: Path | None,
) -> None:
    """Find phrases that recur in INDEX, without asking for any.

    For each phrase a line says how often it was found, in how many files, and for how long it lasts, and lines below it
    say where; of many places the best. Phrases that are long, clear and frequent come first. What recurs in one file
    alone may be a noise of it: listen before you trust it. The exit status is 2 if a part of the index could not be
    read, or a place not heard again or not cut out; the others are shown all the same.

    With --second-look the places are heard again in their files, by another encoder, which knows English best. Those
    that probably say something else are left out, and what two voices say alike is found far more often. The lines then
    say how probable it is that a place says what the first one says. It takes half a minute longer.

    \b
    Examples:
      kwsd index discover archive.index --clips found/
      kwsd index discover archive.index --second-look
      kwsd enroll "that phrase" found/001/*.flac
    """
    from kwsd.archive import Archive
    from kwsd.tokenizer.tokenizer import Tokenizer

    config = DiscoverConfig(index=index, top=top, min_seconds=min_seconds, second_look=second_look, model=model)
    if clips:
        from kwsd.archive.clips import folder_for

        folder_for(clips)
    archive, unheard = Archive.open(config.index, Tokenizer(config.model)), list[str]()
    with Bar(1) as bar:
        groups = archive.discover(
            top=config.top,
            min_seconds=config.min_seconds,
            second_look=config.second_look,
            progress=bar.move,
            report=unheard.append,
        )
    failed = False
    for rank, group in enumerate(groups, 1):
        click.echo(_json(rank, group) if jsonl else _lines(rank, group))
        if clips:
            act = action(False, clips / f"{rank:03d}")
            for number, hit in enumerate(group.places, 1):
                failed |= failed_at(act, number, hit)
    if not groups:
        click.echo(f"no phrase recurs in the index {config.index}", err=True)
    problems = [*archive.problems, *unheard]
    for problem in problems:
        complain(problem)
    if failed or problems:
        ctx.exit(FAILED)


def _json(rank: int, group: Group) -> str:
    known = {
        "rank": rank,
        "score": round(group.score, 4),
        "probability": group.probability,
        "seconds": round(group.seconds, 3),
        "files": group.files,
        "places": [{**facts(hit), "probability": hit.probability} for hit in group.places],
    }
    return json.dumps(known)


def _lines(rank: int, group: Group) -> str:
    """A phrase for people: how often it is said, and its best places."""
    head = f"{rank:>3}  {count(len(group.places), 'place')} in {count(group.files, 'file')}, {group.seconds:.1f} s"
    more = len(group.places) - SHOWN
    rest = [f"     and {more} more"] if more > 0 else []
    return "\n".join([head, *(f"     {_place(hit)}" for hit in group.places[:SHOWN]), *rest])


def _place(hit: Hit) -> str:
    return place(hit) if hit.probability is None else f"{percent(hit)}  {place(hit)}"
