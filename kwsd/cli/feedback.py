"""`kwsd feedback`: says of a hit that `kwsd listen --save-hits` kept whether it was right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwsd.cli.options import PATH, model_option, store_option

if TYPE_CHECKING:
    from kwsd.enrolment.enroll import Enrolment
    from kwsd.enrolment.feedback import Correction


@click.command(short_help="Say whether a kept detection was right, and learn from it.")
@click.argument("hit", type=PATH)
@click.option("--true", "answer", flag_value="true", help="The keyword was said.")
@click.option("--false", "answer", flag_value="false", help="The keyword was not said.")
@store_option
@model_option
def feedback(hit: Path, answer: str | None, store: Path, model: Path | None) -> None:
    """Learn from HIT, a file that `kwsd listen --save-hits` wrote.

    If the keyword was said, the recording is added to it and the threshold is learned anew. If it was not, the
    recording becomes a negative: it and what is as near to it are not detected any more. Where that is not enough, the
    threshold is lowered too. Nothing changes if more than half of the keyword's own recordings would be missed then. A
    listening kwsd notices the change.

    \b
    Examples:
      kwsd feedback hits/hit-20261128T153000.120-hey\\ snips.flac --false
      kwsd feedback hits/hit-20261128T160212.480-hey\\ snips.flac --true
    """
    from kwsd.enrolment.feedback import confirm, correct
    from kwsd.enrolment.hit import Hit
    from kwsd.keywords.store import Store
    from kwsd.tokenizer.tokenizer import Tokenizer

    if answer is None:
        raise click.UsageError("was the keyword said? Give --true or --false")
    heard, tokenizer, folder = Hit.load(hit), Tokenizer(model), Store(store)
    (keyword,) = folder.load_all([heard.keyword], tokenizer)
    if answer == "true":
        enrolled = confirm(keyword, hit.name, heard, tokenizer)
        folder.save(enrolled.keyword)
        _print_enrolled(enrolled, keyword.threshold)
    else:
        corrected = correct(keyword, hit.name, heard, tokenizer)
        folder.save(corrected.keyword)
        _print_corrected(corrected)


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
