"""Searching an archive for typed words (`kwsd search --say`): `python -m benchmarks.said_search`.

Words and phrases of LibriSpeech dev as `benchmarks.search` draws them, each asked for by one speaker's recording, by
synthetic voices, and by both together; the same answers count, and the speaker of the recording is left out every time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.product import Product, command
from benchmarks.said import ENGINE, only_engines
from benchmarks.search import HEADER, Questions, figures
from benchmarks.tables import table
from export.spoken_queries import Said, Templates, Truth, aligned
from kwsd.archive import Archive, Query
from kwsd.say.takes import said


@dataclass(frozen=True)
class Typed(Questions):
    """The same questions, asked by synthetic voices.

    Attributes:
        takes: what they said of each label.
        is_alone: whether the recording is not asked with.
    """

    takes: dict[str, Query] | None = None
    is_alone: bool = True

    def query(self, templates: Templates, said: Sequence[Said]) -> Query:
        """What is searched for."""
        typed = (self.takes or {})[said[0].label]
        recorded = () if self.is_alone else templates.query(said).templates
        return replace(typed, templates=(*recorded, *typed.templates))


def asked(product: Product, kind: str, truth: Truth, count: int, speakers: set[str], voices: int) -> list[Questions]:
    """The three ways to ask for drawn words."""
    queries = truth.queries(count, speakers)
    labels = dict.fromkeys(query[0].label for query in queries)
    takes = {
        label: Query.of_recordings(said(label.lower(), "en", voices, click.echo), product.tokenizer)
        for label in tqdm(labels, desc=f"say {kind}")
    }
    return [
        Questions(f"{kind}, a recording", truth, queries),
        Typed(f"{kind}, {voices} voices", truth, queries, takes=takes),
        Typed(f"{kind}, both", truth, queries, takes=takes, is_alone=False),
    ]


@command(
    __doc__,
    ENGINE,
    click.Option(["--words"], type=int, default=100, show_default=True, help="Words, and half as many phrases."),
    click.Option(["--voices"], type=int, default=6, show_default=True, help="How often each is said."),
)
def main(product: Product, names: tuple[str, ...], words: int, voices: int) -> dict[str, Any]:
    """Ask, and print a table."""
    clips, single, phrases = aligned(product.protocol.shared, corpora.default_cache(), ("dev",))
    speakers = {clip.speaker for clip in clips}
    speaker_of = {str(clip.path): clip.speaker for clip in clips}
    templates = Templates(product.tokenizer)
    with only_engines(names):
        questions = [
            *asked(product, "words", single, words, speakers, voices),
            *asked(product, "phrases", phrases, words // 2, speakers, voices),
        ]
    with tempfile.TemporaryDirectory() as folder:
        archive, _ = Archive.build(Path(folder) / "index", [clip.path for clip in clips], product.tokenizer)
        rows = [[one.name, *figures(one, one.ask(archive, templates, "pairs", speaker_of))] for one in questions]
    click.echo(table(("queries", *HEADER), rows))
    return {str(name): dict(zip(HEADER, cells, strict=True)) for name, *cells in rows}


if __name__ == "__main__":
    main()
