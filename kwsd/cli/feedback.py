"""`kwsd feedback`: says whether a kept hit was right, or that a phrase was not heard."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwsd.cli.options import LOCATION, model_option, path, store_option

if TYPE_CHECKING:
    from kwsd.enrolment.enroll import Enrolment
    from kwsd.enrolment.feedback import Correction


@click.command(short_help="Learn from a false or a missed detection.")
@click.argument("what", metavar="HIT|NAME")
@click.option("--true", "answer", flag_value="true", help="The keyword was said.")
@click.option("--false", "answer", flag_value="false", help="The keyword was not said.")
@click.option(
    "--missed",
    type=click.FloatRange(0, 1e9),
    metavar="SECONDS-AGO",
    help="The keyword NAME was said so many seconds ago, give or take 5, and was not detected.",
)
@click.option(
    "--log",
    type=LOCATION,
    envvar=("KWSD_FEEDBACK_LOG", "KWSD_LISTEN_LOG"),
    metavar="INDEX",
    help="The log that `kwsd listen --log` writes, for --missed.",
)
@store_option
@model_option
def feedback(
    what: str, answer: str | None, missed: float | None, log: str | None, store: Path, model: Path | None
) -> None:
    """Learn from HIT, a file that `kwsd listen --save-hits` wrote, or from a phrase that was missed.

    If the keyword was said, the recording is added to it and the threshold is learned anew. If it was not, the
    recording becomes a negative: it and what is as near to it are not detected any more. Where that is not enough, the
    threshold is lowered too. Nothing changes if more than half of the keyword's own recordings would be missed then. A
    running `kwsd listen` notices the change.

    A phrase that was missed is looked for in the log of `kwsd listen --log`, where the keyword is nearest. The codes
    there are added to the keyword as one more recording, without audio. The log is written every ten minutes and when
    kwsd ends; a later phrase is not in it yet.

    \b
    Examples:
      kwsd feedback hits/hit-20261128T153000.120-hey\\ snips.flac --false
      kwsd feedback hits/hit-20261128T160212.480-hey\\ snips.flac --true
      kwsd feedback "hey snips" --missed 900 --log heard.index
    """
    if answer is not None and missed is not None:
        raise click.UsageError("give one of --true, --false and --missed")
    if missed is not None:
        _learn_missed(what, missed, log, store, model)
    elif answer is not None:
        _learn_hit(path(what), answer == "true", store, model)
    else:
        raise click.UsageError("was the keyword said? Give --true or --false, or --missed if it was not detected")


def _learn_hit(hit: Path, was_said: bool, store: Path, model: Path | None) -> None:
    from kwsd.enrolment.feedback import confirm, correct
    from kwsd.enrolment.hit import Hit
    from kwsd.keywords.store import Store
    from kwsd.tokenizer.tokenizer import Tokenizer

    heard, tokenizer, folder = Hit.load(hit), Tokenizer(model), Store(store)
    (keyword,) = folder.load_all([heard.keyword], tokenizer)
    if was_said:
        enrolled = confirm(keyword, hit.name, heard, tokenizer)
        folder.save(enrolled.keyword)
        _print_enrolled(enrolled, keyword.threshold)
    else:
        corrected = correct(keyword, hit.name, heard, tokenizer)
        folder.save(corrected.keyword)
        _print_corrected(corrected)


def _learn_missed(name: str, ago: float, log: str | None, store: Path, model: Path | None) -> None:
    from kwsd.archive import Archive
    from kwsd.archive.missed import learn_missed
    from kwsd.errors import ConfigError
    from kwsd.keywords.store import Store
    from kwsd.tokenizer.tokenizer import Tokenizer

    if log is None:
        raise ConfigError("--missed needs the log of what was heard: run `kwsd listen --log INDEX`, and give it here")
    moment, tokenizer, folder = time.time() - ago, Tokenizer(model), Store(store)
    (keyword,) = folder.load_all([name], tokenizer)
    enrolled = learn_missed(keyword, Archive.open(log, tokenizer), moment, tokenizer)
    folder.save(enrolled.keyword)
    _print_enrolled(enrolled, keyword.threshold)


def _print_enrolled(made: Enrolment, before: float) -> None:
    keyword = made.keyword
    click.echo(f'"{keyword.name}" has {len(keyword.templates)} recordings now')
    click.echo(f"threshold {keyword.threshold:.3f}, before {before:.3f}: {keyword.rule}")
    for sentence in made.warnings:
        click.echo(f"warning: {sentence}", err=True)


def _print_corrected(made: Correction) -> None:
    keyword, (before, now) = made.keyword, made.missed
    click.echo(f'"{keyword.name}" has {len(keyword.negatives)} negative(s) now')
    click.echo(f"threshold {keyword.threshold:.3f}, before {made.before:.3f}")
    click.echo(f"{now} of {made.recordings} recordings would be missed, before {before}, each by those of the others")
