"""What a second look brings and costs: `python -m benchmarks.second_look`.

Words for decisions (`benchmarks.development`), and those of the studio, of homes and of the telephone, as `kwsd scan`
finds them at the thresholds that enrolment learns, without a second look and with one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.background_streams import AFTER, holds
from benchmarks.corpora import RATE, Samples
from benchmarks.development import command_words, conditions, heard_tests, held_out_words
from benchmarks.field import PADDING, Field
from benchmarks.measures import REFRACTORY
from benchmarks.product import Product, command_of_parts
from benchmarks.tables import table
from kwsd.audio.source import Block
from kwsd.enrolment.enroll import enroll
from kwsd.enrolment.template import Recording
from kwsd.keywords.keyword import Keyword
from kwsd.second_look.distance import REACH
from kwsd.spotting.detection import Detection
from kwsd.spotting.scan import AudioSpotter

BLOCK = 10 * RATE  # samples that are spotted at a time
WAYS = ("without", *REACH)
Span = tuple[float, float]
Clip = tuple[Samples, Span | None]
Piece = tuple[str, Samples]


@dataclass(frozen=True)
class Word:
    """A word, and what its keywords are tried on.

    Attributes:
        kind: of the word, in the table.
        text: the word.
        draws: the recordings that each of its keywords is enrolled with.
        tests: for each condition, recordings with the seconds between which the word is said; None if it is said alone.
        background: the text and the samples of each piece of a stream; pieces that hold the word are not counted.
    """

    kind: str
    text: str
    draws: Sequence[Sequence[Path | Recording]]
    tests: Mapping[str, Sequence[Clip]]
    background: Sequence[Piece]


@dataclass(frozen=True)
class Row:
    """What the keyword of one draw did: misses in percent, and false alarms an hour."""

    kind: str
    condition: str
    word: str
    draw: int
    way: str
    missed: float
    alarms_per_hour: float


def keywords(product: Product, word: Word) -> list[Keyword]:
    """The keywords of each draw and way, named by their number."""
    made = [
        enroll(word.text, draw, product.tokenizer, scorer=product.scorer, bank=product.bank, reach=reach).keyword
        for draw in word.draws
        for reach in (0.0, *REACH.values())
    ]
    return [replace(one, name=str(i)) for i, one in enumerate(made)]


def detections(product: Product, wanted: Sequence[Keyword], samples: Iterable[Samples]) -> Iterator[Detection]:
    """The detections in one stream, as `kwsd scan` makes them."""
    spotter, time = AudioSpotter(product.tokenizer, wanted, refractory=REFRACTORY), 0.0
    for piece in samples:
        for first in range(0, len(piece), BLOCK):
            block = piece[first : first + BLOCK]
            yield from spotter.push(Block(block, time))
            time += len(block) / RATE
    yield from spotter.flush()


def found(product: Product, wanted: Sequence[Keyword], clip: Clip) -> set[str]:
    """The names of the keywords that are detected in a recording, where the word is said."""
    samples, span = clip
    start, end = span or (0.0, len(samples) / RATE)
    return {one.keyword for one in detections(product, wanted, [samples]) if one.start < end and one.end > start}


def alarms(product: Product, wanted: Sequence[Keyword], word: Word) -> tuple[list[str], float]:
    """The names of the keywords that are detected in the background, once for each detection, and its hours."""
    spans, seconds = [], 0.0
    for text, samples in word.background:
        if holds(text, word.text):
            spans.append((seconds, seconds + len(samples) / RATE + AFTER))
        seconds += len(samples) / RATE
    names = [
        one.keyword
        for one in detections(product, wanted, (samples for _, samples in word.background))
        if not any(one.start < end and one.end > start for start, end in spans)
    ]
    return names, (seconds - sum(end - start for start, end in spans)) / 3600


def measured(product: Product, word: Word) -> Iterator[Row]:
    """A row for each draw, condition and way."""
    wanted = keywords(product, word)
    names, hours = alarms(product, wanted, word)
    for condition, clips in word.tests.items():
        hits = [found(product, wanted, clip) for clip in clips]
        for i, one in enumerate(wanted):
            missed = 100 * float(np.mean([one.name not in names for names in hits]))
            draw, way = divmod(i, len(WAYS))
            yield Row(word.kind, condition, word.text, draw, WAYS[way], missed, names.count(one.name) / hours)


def development(product: Product) -> Iterator[Word]:
    """The words for decisions, in every condition, with LibriSpeech `dev`."""
    background = [(clip.text, corpora.read(clip.path)) for clip in product.clips("librispeech", "dev")]
    ways = conditions(product)
    for word in (*command_words(product), *held_out_words(product)):
        tests = {way: [(x, None) for x in heard] for way, heard in heard_tests(product, word, ways).items()}
        yield Word(word.kind, word.name, word.draws, tests, background)


def evaluation(product: Product) -> Iterator[Word]:
    """The words of the studio, of homes and of the telephone."""
    protocol, field = product.protocol, Field(product.protocol.shared)
    prose = [("", samples) for samples in protocol.background()]
    clips = protocol.clips()
    for word in protocol.keywords:
        own = [clip for clip in clips if clip.keyword == word]
        clean: list[Clip] = [(protocol.padded(clip.samples), None) for clip in own]
        noisy: list[Clip] = [(protocol.padded(protocol.noisy(clip)), None) for clip in own]
        tests = {"studio": clean, "studio, noise at 10 dB": noisy}
        yield Word("studio", word, protocol.draws(word), tests, prose)
    for word in field.words("homes"):
        alone: list[Clip] = [(protocol.padded(x), None) for x in field.recordings("homes", word, "test")]
        yield Word("homes", word, field.draws("homes", word), {"homes": alone}, prose)
    callers = list(corpora.samples(product.clips("telephone", "dev")))
    words = field.words("telephone")
    for word in words:
        others = chain.from_iterable(field.recordings("telephone", o, "sentences") for o in words if o != word)
        alone = [(protocol.padded(x), None) for x in field.recordings("telephone", word, "test")]
        spans = [(s + PADDING, e + PADDING) for s, e in field.spans("telephone", word, "sentences")]
        within = zip(map(protocol.padded, field.recordings("telephone", word, "sentences")), spans, strict=True)
        tests = {"telephone, alone": alone, "telephone, in sentences": list(within)}
        background = [("", samples) for samples in chain(callers, others)]
        yield Word("telephone", word, field.draws("telephone", word), tests, background)


def summary(rows: Sequence[Row], by: str) -> str:
    """A line for each condition and way, averaged over words and draws."""
    lines: list[list[object]] = []
    for place in dict.fromkeys((getattr(row, by), row.condition) for row in rows):
        for way in WAYS:
            own = [row for row in rows if (getattr(row, by), row.condition, row.way) == (*place, way)]
            missed, rate = (
                float(np.mean([getattr(row, name) for row in own])) for name in ("missed", "alarms_per_hour")
            )
            lines.append([", ".join(dict.fromkeys(place)), way, missed, rate])
    return table(("words", "second look", "miss %", "false alarms/h"), lines)


def part(words: Any) -> Any:
    """A part of the command, of some words."""

    def measure(product: Product) -> dict[str, Any]:
        rows = [row for word in tqdm(list(words(product)), desc="words") for row in measured(product, word)]
        click.echo(summary(rows, "kind"))
        return {"rows": rows}

    return measure


main = command_of_parts(__doc__, {"development": part(development), "evaluation": part(evaluation)})

if __name__ == "__main__":
    main()
