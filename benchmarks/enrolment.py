"""Misses against the number of enrolment recordings: `python -m benchmarks.enrolment`.

Each draw puts recordings in an order, of which the first one, two, three, five and ten are enrolled. For the
protocol's words a draw begins with the five recordings of a draw of the protocol and goes on with those of the others.
For Speech Commands recordings and tests are all by different speakers, one of each.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.background_streams import Stream, prose
from benchmarks.measures import RATE_COLUMNS, Average, averaged, lowest, rates, tracked
from benchmarks.product import UNKNOWN, Product, command, drawn
from benchmarks.protocol import Protocol
from benchmarks.tables import table
from kwsd.enrolment.template import Recording
from kwsd.tokenizer.frames import Frames

COUNTS = (1, 2, 3, 5, 10)
DRAWS = 3
TESTS = 100  # of a word of Speech Commands


@dataclass(frozen=True)
class Word:
    """A word to enrol: recordings in each draw's order, and test clips as they are heard."""

    name: str
    orders: Sequence[Sequence[Path | Recording]]
    tests: Sequence[Frames]


@dataclass(frozen=True)
class Row:
    """What one keyword did; rates in percent."""

    word: str
    draw: int
    recordings: int
    miss_at_0: float
    miss_at_1: float
    own_miss: float
    own_alarms_per_hour: float


def orders(protocol: Protocol, word: str) -> list[list[Path]]:
    """Each draw's recordings in a seeded order, then as many of the other draws' as make ten."""
    draws = protocol.draws(word)
    found = []
    for number, first in enumerate(draws):
        rng = random.Random(number)
        rest = [path for draw in draws if draw is not first for path in draw]
        found.append(rng.sample(first, len(first)) + rng.sample(rest, len(rest)))
    return [order[: COUNTS[-1]] for order in found]


def protocol_words(product: Product) -> Iterator[Word]:
    """The words of the protocol."""
    clips = product.protocol.clips()
    for name in product.protocol.keywords:
        own = [clip.samples for clip in clips if clip.keyword == name]
        yield Word(name, orders(product.protocol, name), product.frames(own))


def command_words(product: Product) -> Iterator[Word]:
    """The ten words of Speech Commands `dev`."""
    clips = product.clips("speech-commands", "dev")
    for number, name in enumerate(sorted({clip.text for clip in clips} - {UNKNOWN})):
        rng, own = random.Random(number), [clip for clip in clips if clip.text == name]
        draws = [drawn(own, COUNTS[-1], rng) for _ in range(DRAWS)]
        enrolled = {clip.speaker for chosen, _ in draws for clip in chosen}
        others = {clip.speaker: clip for clip in own if clip.speaker not in enrolled}
        tests = product.hear(list(others.values())[:TESTS], name)
        yield Word(name, [recordings for _, recordings in draws], tests)


def rows(product: Product, word: Word, background: Stream) -> Iterator[Row]:
    """Enrol every draw of a word with every number of recordings, and measure."""
    cases = [(draw, count) for draw in range(len(word.orders)) for count in COUNTS]
    keywords = [product.keyword(word.name, word.orders[draw][:count]) for draw, count in cases]
    scorer = product.scores(keywords)
    hits = lowest(scorer, word.tests)
    track = background.without(word.name, tracked(scorer, background.frames))
    hours = background.hours(word.name)
    for k, (draw, count) in enumerate(cases):
        found = rates(hits[:, k], track.distance[:, k], keywords[k].threshold, background.hop, hours)
        yield Row(word.name, draw, count, *astuple(found))


FIELDS = ("miss_at_0", "miss_at_1", "own_miss", "own_alarms_per_hour")


def summary(found: Sequence[Row], field: str, count: int) -> Average:
    """A figure at a number of recordings, words resampled."""
    words = dict.fromkeys(row.word for row in found)
    return averaged([getattr(r, field) for r in found if (r.word, r.recordings) == (word, count)] for word in words)


def report(title: str, found: Sequence[Row]) -> None:
    """Print a table of averages."""
    lines = ([count, *(summary(found, field, count) for field in FIELDS)] for count in COUNTS)
    click.echo(f"\n{title}\n\n{table(('recordings', *RATE_COLUMNS), lines)}")


@command(__doc__)
def main(product: Product) -> dict[str, Any]:
    """Measure the protocol's words, then those of Speech Commands."""
    background = prose(product.tokenizer, product.clips("librispeech", "dev"))

    def measured(words: Iterable[Word]) -> list[Row]:
        return [row for word in words for row in rows(product, word, background)]

    wake, commands = measured(protocol_words(product)), measured(command_words(product))
    report(f"The two words of the protocol, {DRAWS} draws each; the interval is the range of the two words.", wake)
    report(f"Ten words of Speech Commands, {DRAWS} draws each; utterances with the word are left out.", commands)
    return {"protocol": wake, "speech commands": commands}


if __name__ == "__main__":
    main()
