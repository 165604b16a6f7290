"""Keywords that were typed (`kwsd enroll --say`) beside recorded ones: `python -m benchmarks.said`.

The words of `../shared/eval` and `../shared/eval/field` that have read prose for their background. Each is enrolled
from the first one, two and five recordings of each draw, from what synthetic voices say, and from both. `--engine`
keeps to some of the engines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import click
import numpy as np
from tqdm import tqdm

from benchmarks.corpora import Samples
from benchmarks.field import Field
from benchmarks.measures import RATE_COLUMNS, Rates, frames_of, lowest, rates, tracked
from benchmarks.product import Product, command
from benchmarks.tables import table
from kwsd.enrolment.template import Recording
from kwsd.say import engines
from kwsd.say.takes import said
from kwsd.tokenizer.frames import Frames

COUNTS = (1, 2, 5)  # recordings of people
BESIDE = (1, 2)  # of them beside synthetic voices
ENGINES = {module.__name__.rpartition(".")[2]: module for module in (*engines.ENGINES, engines.LAST)}


ENGINE = click.Option(
    ["--engine", "names"], type=click.Choice(list(ENGINES)), multiple=True, help="Only these engines."
)


@contextmanager
def only_engines(names: Sequence[str]) -> Iterator[None]:
    """Have no engines but these; all if there are no names."""
    chosen = [ENGINES[name] for name in names] or engines.ENGINES
    last = SimpleNamespace(voices=lambda language: []) if names else engines.LAST
    with patch.object(engines, "ENGINES", chosen), patch.object(engines, "LAST", last):
        yield


@dataclass(frozen=True)
class Word:
    """A word, the recordings of each draw, and tests by others."""

    place: str
    name: str
    draws: Sequence[Sequence[Path]]
    tests: Sequence[Samples]


@dataclass(frozen=True)
class Row:
    """What one keyword did."""

    place: str
    word: str
    way: str
    rates: Rates


def words(product: Product) -> Iterator[Word]:
    """The two words of the studio and the two of homes."""
    protocol, field = product.protocol, Field(product.protocol.shared)
    clips = protocol.clips()
    for name in protocol.keywords:
        yield Word("studio", name, protocol.draws(name), [clip.samples for clip in clips if clip.keyword == name])
    for name in field.words("homes"):
        yield Word("homes", name, field.draws("homes", name), list(field.recordings("homes", name, "test")))


def ways(word: Word, voices: int, recorded: bool) -> Iterator[tuple[str, Sequence[Path | Recording]]]:
    """Each way to enrol a word, and its recordings, once for each draw."""
    takes = said(word.name, "en", voices, click.echo)
    yield f"{len(takes)} said", takes
    for draw in word.draws if recorded else ():
        for count in COUNTS:
            yield f"{count} recorded", draw[:count]
        for count in BESIDE:
            yield f"{len(takes)} said, {count} recorded", [*draw[:count], *takes]


def measured(product: Product, word: Word, background: Frames, voices: int, recorded: bool) -> Iterator[Row]:
    """A row for each keyword of a word."""
    named = list(ways(word, voices, recorded))
    keywords = [product.keyword(word.name, recordings) for _, recordings in tqdm(named, desc=word.name)]
    scorer = product.scores(keywords)
    hits = lowest(scorer, product.frames(word.tests))
    track = tracked(scorer, background).distance
    hours = len(track) * product.tokenizer.hop / 3600
    for k, (way, _) in enumerate(named):
        found = rates(hits[:, k], track[:, k], keywords[k].threshold, product.tokenizer.hop, hours)
        yield Row(word.place, word.name, way, found)


def summary(found: Sequence[Row]) -> str:
    """A line for each place and way, averaged over words and draws."""
    lines: list[list[object]] = []
    for place in dict.fromkeys(row.place for row in found):
        for way in dict.fromkeys(row.way for row in found):
            own = [astuple(row.rates) for row in found if (row.place, row.way) == (place, way)]
            lines += [[place, way, *np.mean(own, axis=0).tolist()]] if own else []
    return table(("words", "enrolled", *RATE_COLUMNS), lines)


@command(
    __doc__,
    ENGINE,
    click.Option(["--word", "only"], multiple=True, help="Only these words."),
    click.Option(["--voices"], type=int, default=12, show_default=True, help="How often each word is said."),
    click.Option(["--recorded/--no-recorded"], default=True, help="Measure recordings of people, too."),
)
def main(
    product: Product, names: tuple[str, ...], only: tuple[str, ...], voices: int, recorded: bool
) -> dict[str, Any]:
    """Measure every word and print a table."""
    background = frames_of(product.tokenizer, product.protocol.background())
    found: list[Row] = []
    with only_engines(names):
        for word in words(product):
            if not only or word.name in only:
                found += measured(product, word, background, voices, recorded)
    click.echo(summary(found))
    return {"rows": [asdict(row) for row in found]}


if __name__ == "__main__":
    main()
