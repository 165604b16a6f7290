"""Searching an archive by example: `python -m benchmarks.search`, or one part with `--only`.

`methods`: words and phrases of LibriSpeech whose times are known, asked for by one speaker and answered by others, with
every method, and with what the index keeps of the audio. `distractors`: the same among four times as much speech.
`steps`: what each step away from H-QuEST brings, see `benchmarks.search_steps`. `hours`: a thousand hours, see
`benchmarks.thousand_hours`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import numpy as np
from tqdm import tqdm

from benchmarks import corpora, thousand_hours
from benchmarks.measures import Average, averaged
from benchmarks.product import Product, command_of_parts
from benchmarks.search_steps import STEPS
from benchmarks.tables import table
from export import spoken_queries
from export.spoken_queries import Said, Templates, Truth, aligned
from kwsd.archive import Archive, Hit, Query, Settings
from kwsd.archive.search.methods import METHODS

WORDS, PHRASES = 300, 150  # queries
VOICES = 3  # recordings of a query that has several
TOP = 100  # hits that MAP looks at
HEADER = ("P@1", "P@5", "MAP", "found in the first 100")


@dataclass(frozen=True)
class Answer:
    """How well one query was answered, each from 0 to 1.

    Attributes:
        first: whether the first hit is right.
        five: the share of the first five, or of as many as there are, that are right.
        precision: average precision over TOP hits.
        found: the share of all that are among TOP hits.
    """

    first: float
    five: float
    precision: float
    found: float


def judged(hits: Sequence[Hit], relevant: Sequence[Said]) -> Answer:
    """How well hits answer a query; a second hit at the same place counts as wrong."""
    right = [is_right for _, is_right in spoken_queries.judged(hits[:TOP], relevant)]
    flags = np.array(right + [False] * (TOP - len(right)), float)
    precisions = np.cumsum(flags) / np.arange(1, TOP + 1)
    return Answer(
        flags[0],
        flags[:5].sum() / min(5, len(relevant)),
        float((precisions * flags).sum() / len(relevant)),
        flags.sum() / len(relevant),
    )


@dataclass(frozen=True)
class Questions:
    """What is asked: queries of one kind with so many of their recordings, and where the answers are."""

    name: str
    truth: Truth
    queries: Sequence[tuple[Said, ...]]
    voices: int = 1

    def ask(self, archive: Archive, templates: Templates, method: str, speaker_of: dict[str, str]) -> list[Answer]:
        """The answers to each, the speakers of the query left out."""
        return [
            judged(
                _others(archive.search(self.query(templates, said), method=method, top=2 * TOP), said, speaker_of),
                self.truth.relevant(said[0].label, {one.speaker for one in said}),
            )
            for said in tqdm(self.queries, desc=f"{self.name}, {method}", leave=False)
        ]

    def query(self, templates: Templates, said: Sequence[Said]) -> Query:
        """What is searched for."""
        return templates.query(said[: self.voices])


def _others(hits: Sequence[Hit], said: Sequence[Said], speaker_of: dict[str, str]) -> list[Hit]:
    asking = {one.speaker for one in said}
    return [hit for hit in hits if speaker_of[hit.path] not in asking]


def figures(questions: Questions, answers: Sequence[Answer]) -> list[Average]:
    """The four averages in percent, query labels resampled."""
    labels = [said[0].label for said in questions.queries]
    return [
        averaged(
            [100 * getattr(a, field) for a, own in zip(answers, labels, strict=True) if own == label]
            for label in dict.fromkeys(labels)
        )
        for field in ("first", "five", "precision", "found")
    ]


def methods(product: Product, splits: Sequence[str]) -> dict[str, Any]:
    """Every method over what it needs, on one archive."""
    cache = corpora.default_cache()
    clips, words, phrases = aligned(product.protocol.shared, cache, splits)
    speakers = {clip.speaker for clip in clips if clip.split == "dev"}
    everybody = {clip.speaker for clip in clips}
    asked = [
        Questions("words", words, words.queries(WORDS, speakers)),
        Questions("phrases", phrases, phrases.queries(PHRASES, speakers)),
        Questions("words of many", words, (many := words.queries(PHRASES, everybody, VOICES))),
        Questions(f"the same, {VOICES} voices", words, many, VOICES),
    ]
    speaker_of = {str(clip.path): clip.speaker for clip in clips}
    templates, order = Templates(product.tokenizer), {one.name: index for index, one in enumerate(asked)}
    rows: list[list[object]] = []
    for settings, cases in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            paths = [clip.path for clip in clips]
            archive, _ = Archive.build(Path(folder) / "index", paths, product.tokenizer, settings=settings)
            for questions in asked:
                for label, method in cases.items():
                    answers = questions.ask(archive, templates, method, speaker_of)
                    rows.append([questions.name, label, *figures(questions, answers)])
    rows.sort(key=lambda row: order[str(row[0])])
    counts = ", ".join(f"{len(one.queries)} {one.name}" for one in asked)
    held = sum(clip.seconds for clip in clips) / 3600
    click.echo(f"\n{held:.1f} h of LibriSpeech {' and '.join(splits)}; {counts}.\n")
    click.echo(table(("queries", "method", *HEADER), rows))
    return {f"{name}: {label}": dict(zip(HEADER, cells, strict=True)) for name, label, *cells in rows}


def steps(product: Product) -> dict[str, Any]:
    """What each step away from H-QuEST brings."""
    clips, words, phrases = aligned(product.protocol.shared, corpora.default_cache(), ("dev", "train"))
    speakers, templates = {clip.speaker for clip in clips if clip.split == "dev"}, Templates(product.tokenizer)
    asked = [
        Questions("words", words, words.queries(WORDS, speakers)),
        Questions("phrases", phrases, phrases.queries(PHRASES, speakers)),
    ]
    speaker_of = {str(clip.path): clip.speaker for clip in clips}
    with tempfile.TemporaryDirectory() as folder:
        archive, _ = Archive.build(Path(folder) / "index", [clip.path for clip in clips], product.tokenizer)
        with patch.dict(METHODS, STEPS):
            rows = [
                [questions.name, step, *figures(questions, questions.ask(archive, templates, step, speaker_of))]
                for questions in asked
                for step in STEPS
            ]
    click.echo(f"\n{table(('queries', 'candidates, and what ranks them', *HEADER), rows)}")
    return {f"{name}: {label}": dict(zip(HEADER, cells, strict=True)) for name, label, *cells in rows}


CASES = {
    Settings(graph=True): {
        "pairs (default)": "pairs",
        "dtw": "dtw",
        "hquest": "hquest",
        "exact": "exact",
        "inverted": "inverted",
    },
    Settings(vectors=True): {"pairs, vectors kept": "pairs", "dtw, vectors kept": "dtw"},
    Settings(stages=2): {"pairs, 2 bytes a code": "pairs", "dtw, 2 bytes a code": "dtw"},
}
PARTS: dict[str, Callable[[Product], dict[str, Any]]] = {
    "methods": lambda product: methods(product, ("dev",)),
    "distractors": lambda product: methods(product, ("dev", "train")),
    "steps": steps,
    "hours": thousand_hours.measure,
}


main = command_of_parts(__doc__, PARTS)


if __name__ == "__main__":
    main()
