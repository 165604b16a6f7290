"""`kwsd keywords calibrate`: learns the threshold of a keyword from what is heard where kwsd listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwsd.cli.group import FAILED, complain, warn
from kwsd.cli.options import LOCATION, model_option, path, setting, store_option
from kwsd.settings.enrolment import CalibrateConfig

if TYPE_CHECKING:
    from kwsd.enrolment.place import Heard, Passage, Recalibration
    from kwsd.keywords.keyword import Keyword
    from kwsd.tokenizer.background_bank import Bank
    from kwsd.tokenizer.tokenizer import Tokenizer

Report = Callable[[str], None]

LISTED = 20  # passages that are printed


@click.command(short_help="Learn the threshold from what is heard where kwsd listens.")
@click.argument("name")
@setting(CalibrateConfig, "background", type=LOCATION, metavar="WAV|FOLDER|INDEX", required=True)
@setting(CalibrateConfig, "false_alarms_per_hour", metavar="RATE")
@setting(CalibrateConfig, "never_said")
@store_option
@model_option
@click.pass_context
def calibrate(
    ctx: click.Context,
    name: str,
    background: tuple[str, ...],
    false_alarms_per_hour: float,
    never_said: bool,
    store: Path,
    model: Path | None,
) -> None:
    """Learn the threshold of NAME from what is heard where kwsd listens.

    The background is a quarter of an hour or more of what is heard there when nobody says the keyword: recordings, or
    the index that `kwsd listen --log` or `kwsd index build` made. Passages in which the keyword seems to be said are
    listed and left out. What the second look of the keyword refuses is no false alarm: it hears the nearest passages
    again where their audio is there, which that of `kwsd listen --log` is not.

    The exit status is 2 if a recording cannot be used to its end; the threshold is learned from the others.

    \b
    Examples:
      kwsd keywords calibrate "hey snips" --background evening.flac
      kwsd keywords calibrate "hey snips" --background heard.index --false-alarms-per-hour 0.1
    """
    from kwsd.keywords.store import Store
    from kwsd.tokenizer.tokenizer import Tokenizer

    config = CalibrateConfig(
        name=name,
        background=background,
        false_alarms_per_hour=false_alarms_per_hour,
        never_said=never_said,
        store=store,
        model=model,
    )
    tokenizer, folder = Tokenizer(config.model), Store(config.store)
    (keyword,) = folder.load_all([config.name], tokenizer)
    problems: list[str] = []

    def report(problem: str) -> None:
        problems.append(problem)
        complain(problem)

    made = _make(config, keyword, tokenizer, report)
    folder.save(made.keyword)
    _print(made)
    if problems:
        ctx.exit(FAILED)


def _make(config: CalibrateConfig, keyword: Keyword, tokenizer: Tokenizer, report: Report) -> Recalibration:
    from kwsd.enrolment.place import recalibrated
    from kwsd.enrolment.threshold import Rule
    from kwsd.tokenizer.background_bank import Bank

    bank, rule = Bank.shipped(), Rule(alarms_per_hour=config.false_alarms_per_hour)
    background = _background(config, keyword, tokenizer, bank, report)
    return recalibrated(keyword, background, tokenizer, bank=bank, rule=rule, never_said=config.never_said)


def _background(
    config: CalibrateConfig, keyword: Keyword, tokenizer: Tokenizer, bank: Bank, report: Report
) -> Iterator[Heard]:
    """What was heard in the recordings and indexes; `report` gets a sentence for each part that cannot be used."""
    from kwsd.audio import audio_files
    from kwsd.enrolment.place import heard_in_file

    for place in config.background:
        if _is_index(place):
            yield from _heard_in_index(place, keyword, tokenizer, bank, config.false_alarms_per_hour, report)
        else:
            files = audio_files([path(place)], recursive=True)
            yield from (heard_in_file(file, tokenizer, report) for file in files)


def _is_index(place: str) -> bool:
    from kwsd.archive.storage.folder import MANIFEST

    return "://" in place or (path(place) / MANIFEST).exists()


def _heard_in_index(
    place: str, keyword: Keyword, tokenizer: Tokenizer, bank: Bank, rate: float, report: Report
) -> Iterator[Heard]:
    from kwsd.archive.archive import Archive
    from kwsd.archive.background import heard_in_index

    archive = Archive.open(place, tokenizer)
    for problem in archive.problems:
        report(problem)
    yield from heard_in_index(archive, tokenizer, keyword, bank, rate)


def _print(made: Recalibration) -> None:
    if made.said:
        _print_said(made.said)
    before, after = made.before, made.keyword.threshold
    click.echo(f'"{made.keyword.name}": threshold {after:.3f}, it was {before:.3f}')
    click.echo(
        f"in {made.hours:.2f} h of background: {made.alarms[1]} false alarms at the new threshold, "
        f"{made.alarms[0]} at the one before"
    )
    click.echo(f"expect {made.false_alarms_per_hour:.2f} false alarms an hour")
    if made.again and made.again.heard:
        click.echo(f"the second look refuses {made.again.refused} of the {made.again.heard} nearest passages")
    if made.misses:
        rates = [100 * one.rate for one in made.misses]
        click.echo(f"expect about {rates[1]:.0f} % misses, before {rates[0]:.0f} %")
    if made.capped:
        warn(
            "hardly anything in the background is like the keyword, so the threshold is the highest that the bank of "
            "other people's speech allows: record it while people talk"
        )
    if made.again and not made.again.heard:
        from kwsd.enrolment.false_alarms import share_confirmed

        warn(
            "the second look cannot hear this background again, because its audio is not there: it is expected to "
            f"refuse {100 * (1 - share_confirmed(made.keyword)):.0f} % of the false alarms"
        )


def _print_said(said: tuple[Passage, ...]) -> None:
    click.echo("the keyword seems to be said here, so this is left out (if it is not, give --never-said):")
    for one in said[:LISTED]:
        click.echo(f"  {one.start:9.2f} - {one.end:9.2f}  {one.distance:.3f}  {one.recording}")
    if len(said) > LISTED:
        click.echo(f"  and {len(said) - LISTED} more")
