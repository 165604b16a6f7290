"""Misses and false alarms where people really are, at home and on the telephone: `python -m benchmarks.field`.

`../shared/eval/field`, read as the README of `../shared` says. Enrolment leaves out recordings that it refuses, as for
every user, and the number of them is printed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks import corpora
from benchmarks.corpora import Samples
from benchmarks.measures import RATE_COLUMNS, Rates, Scores, frames_of, lowest, rates, tracked
from benchmarks.product import Product, command
from benchmarks.tables import table
from kwsd.enrolment.enroll import Enrolment
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.frames import Frames

PADDING = 1.0  # seconds of faint noise before a test clip


@dataclass(frozen=True)
class Row:
    """What one keyword did in one condition."""

    condition: str
    word: str
    draw: int
    rates: Rates


class Field:
    """The words of `../shared/eval/field` and their recordings."""

    def __init__(self, shared: Path) -> None:
        self._folder = shared / "eval" / "field"
        facts = self._folder / "field.json"
        if not facts.exists():
            raise click.ClickException(f"{facts} is not there: pass --shared the folder that holds eval and corpus")
        self._facts: dict[str, Any] = json.loads(facts.read_text())

    def words(self, place: str) -> list[str]:
        """The words of "homes" or "telephone"."""
        return list(self._facts[place])

    def draws(self, place: str, word: str) -> list[list[Path]]:
        """The enrolment recordings of each draw."""
        return [[self._folder / path for path in draw] for draw in self._facts[place][word]["enrol"]]

    def recordings(self, place: str, word: str, kind: str) -> Iterator[Samples]:
        """The test recordings of a kind, "test" (alone) or "sentences"."""
        return (corpora.read(path) for path in self.paths(place, word, kind))

    def paths(self, place: str, word: str, kind: str) -> list[Path]:
        """Their files."""
        return [self._folder / fact["path"] for fact in self._facts[place][word][kind]]

    def spans(self, place: str, word: str, kind: str) -> list[tuple[float, float]]:
        """The seconds between which the word is said in each of them."""
        return [(fact["word_start"], fact["word_end"]) for fact in self._facts[place][word][kind]]


def lowest_overlapping(scorer: KeywordScorer, clips: Sequence[Frames], spans: Sequence[tuple[float, float]]) -> Scores:
    """[clips, keywords] the lowest distance of what overlaps a span in each clip; infinite where nothing does."""
    found = []
    for frames, (start, end) in zip(clips, spans, strict=True):
        track = tracked(scorer, frames)
        overlaps = (track.start < end) & (track.end > start)
        found.append(np.where(overlaps, track.distance, np.inf).min(axis=0))
    return np.array(found)


@dataclass(frozen=True)
class Heard:
    """A word, and what its keywords are tried on, as frames.

    Attributes:
        word: the word.
        draws: the recordings that each of its keywords is enrolled with.
        tests: for each condition, the frames of every test recording, and the seconds between which the word is said in
            each; None if it is said alone.
        background: one stream without the word.
    """

    word: str
    draws: list[list[Path]]
    tests: Mapping[str, tuple[list[Frames], list[tuple[float, float]] | None]]
    background: Frames

    def hits(self, condition: str, scorer: KeywordScorer) -> Scores:
        """[recordings, keywords] the lowest distance in each test recording of a condition."""
        clips, spans = self.tests[condition]
        return lowest_overlapping(scorer, clips, spans) if spans else lowest(scorer, clips)


def homes(product: Product, field: Field, background: Frames) -> Iterator[Heard]:
    """Words recorded at home; the background is that of the protocol, read prose."""
    for word in field.words("homes"):
        clips = product.frames(field.recordings("homes", word, "test"))
        yield Heard(word, field.draws("homes", word), {"homes": (clips, None)}, background)


def telephone(product: Product, field: Field) -> Iterator[Heard]:
    """Words said on the telephone, alone and in sentences; the background is callers' speech without the word."""
    words = field.words("telephone")
    callers = product.clips("telephone", "dev")
    for word in words:
        others: Iterable[Samples] = chain.from_iterable(
            field.recordings("telephone", other, "sentences") for other in words if other != word
        )
        background = frames_of(product.tokenizer, chain(corpora.samples(callers), others))
        alone, within = (product.frames(field.recordings("telephone", word, kind)) for kind in ("test", "sentences"))
        spans = [(s + PADDING, e + PADDING) for s, e in field.spans("telephone", word, "sentences")]
        tests = {"telephone, alone": (alone, None), "telephone, in sentences": (within, spans)}
        yield Heard(word, field.draws("telephone", word), tests, background)


def measured(
    names: tuple[str, str], enrolled: Sequence[Enrolment], hits: Scores, track: Scores, hop: float
) -> Iterator[Row]:
    """A row for each draw of a word.

    Args:
        names: of the condition and of the word.
        enrolled: the enrolment of each draw.
        hits: [clips, draws] lowest distances.
        track: [n, draws] distances on the background.
        hop: seconds from one distance of the track to the next.
    """
    hours = len(track) * hop / 3600
    for draw, enrolment in enumerate(enrolled):
        yield Row(*names, draw, rates(hits[:, draw], track[:, draw], enrolment.keyword.threshold, hop, hours))


def rows(product: Product, heard: Heard, enrolled: Sequence[Enrolment]) -> Iterator[Row]:
    """A row for each condition and draw of a word."""
    scorer = product.scores([enrolment.keyword for enrolment in enrolled])
    track = tracked(scorer, heard.background).distance
    for condition in heard.tests:
        hits = heard.hits(condition, scorer)
        yield from measured((condition, heard.word), enrolled, hits, track, product.tokenizer.hop)


def summary(found: Sequence[Row]) -> str:
    """A line for each condition, averaged over words and draws, and below it one for each of its words."""
    lines: list[list[object]] = []
    for condition in dict.fromkeys(row.condition for row in found):
        own = [row for row in found if row.condition == condition]
        lines.append([condition, *_means(own)])
        for word in dict.fromkeys(row.word for row in own):
            lines.append([f"- {word}", *_means([row for row in own if row.word == word])])
    return table(("words", *RATE_COLUMNS), lines)


def _means(found: Sequence[Row]) -> list[float]:
    return np.mean([astuple(row.rates) for row in found], axis=0).tolist()  # type: ignore[no-any-return]


@command(__doc__)
def main(product: Product) -> dict[str, Any]:
    """Enrol every draw of every word, measure at home and on the telephone, and print one table."""
    field = Field(product.protocol.shared)
    found, refused = list[Row](), dict[str, int]()
    background = frames_of(product.tokenizer, product.protocol.background())
    for heard in (*homes(product, field, background), *telephone(product, field)):
        enrolled = [product.enrolment(heard.word, draw) for draw in heard.draws]
        refused[heard.word] = sum(len(enrolment.refused) for enrolment in enrolled)
        found += rows(product, heard, enrolled)
    click.echo(summary(found))
    click.echo(f"\nRecordings that enrolment refused: {', '.join(f'{word} {n}' for word, n in refused.items())}.")
    return {"rows": found, "refused": refused}


if __name__ == "__main__":
    main()
