"""Fit what a second look tells of a hit: `python -m export.second_look_of_hits`.

To be run after `export.second_look`. The queries are those of `export.search_calibration`, in all of LibriSpeech
`train` and in a third of it; each hit is heard again as `kwsd.archive.second_look` does.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from export import corpus
from export.augment import Samples
from export.search_calibration import SPLIT, Question, built, logistic, questions
from export.spoken_queries import Said, Templates, aligned, judged
from kwsd.archive import Settings
from kwsd.archive.search.methods import find
from kwsd.archive.second_look import CALIBRATION, Weights
from kwsd.archive.segments.segment import Segment
from kwsd.audio.trim import speech_span
from kwsd.errors import KwsdError
from kwsd.second_look.distance import Look
from kwsd.second_look.look import LEAD, TAIL, second_look
from kwsd.second_look.phrase import Phrase
from kwsd.tokenizer.tokenizer import Tokenizer

SHARES = (1, 3)  # of the recordings that are searched in: all, a third
HITS = 40  # of a query that are heard again


class Heard:
    """What is said in recordings as the second look hears it; the last recordings are kept in memory."""

    def __init__(self) -> None:
        self._read = lru_cache(maxsize=200)(corpus.read)

    def phrase(self, said: Said) -> Look:
        """Words that are searched for."""
        samples, start, end = self._around(said.path, said.start, said.end)
        return second_look().phrase(samples, start, end)

    def whole(self, path: Path) -> Look:
        """The phrase of a recording that holds it once."""
        samples = self._read(path)
        return second_look().phrase(samples, *speech_span(samples))

    def far(self, path: Path, start: float, end: float, looks: Sequence[Look]) -> float:
        """How many times as far a hit is as recordings are from each other."""
        return Phrase(looks).far(*self._around(path, start, end))

    def _around(self, path: Path, start: float, end: float) -> tuple[Samples, float, float]:
        samples = self._read(path)
        first = max(0, round((start - LEAD) * corpus.RATE))
        origin = first / corpus.RATE
        return samples[first : round((end + TAIL) * corpus.RATE) + 1], start - origin, end - origin


def examples(
    one: Segment, asked: Sequence[Question], templates: Templates, tokenizer: Tokenizer, speaker_of: dict[str, str]
) -> Iterator[tuple[float, float, float, bool]]:
    """For each hit of each query what its probability is told by, and whether it is right."""
    heard, held = Heard(), {document.path for document in one.documents}
    for question in tqdm(asked, leave=False):
        found = find([one], templates.query(question.said), tokenizer.codebook, tokenizer.hop, top=HITS)
        looks = [heard.phrase(said) for said in question.said]
        answers = [said for said in question.answers if str(said.path) in held]
        hits = [hit for hit in found.hits if speaker_of[hit.path] not in question.speakers]
        for hit, is_right in judged(hits, answers):
            far = heard.far(Path(hit.path), hit.start, hit.end, looks)
            yield 1.0, float(np.log(len(looks))), far, is_right


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=CALIBRATION, show_default=False)
@click.option("--seed", default=20261128, show_default=True)
def main(shared: Path, out: Path, seed: int) -> None:
    """Fit the weights, and write them with the digest of the projection and the seed."""
    try:
        tokenizer, look = Tokenizer(None), second_look()
        clips, words, phrases = aligned(shared, corpus.default_cache(), (SPLIT,))
    except (corpus.CorpusError, KwsdError) as error:
        raise click.ClickException(str(error)) from error
    speaker_of, templates = {str(clip.path): clip.speaker for clip in clips}, Templates(tokenizer)
    asked = questions(words, phrases, set(speaker_of.values()), seed)
    order = list(clips)
    random.Random(seed).shuffle(order)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number, share in enumerate(SHARES):
            some = order[: len(order) // share]
            one = built(Path(folder), number, some, templates, tokenizer, Settings())
            rows += list(examples(one, asked, templates, tokenizer, speaker_of))
    weights = Weights(*logistic(rows))
    content = {"second_look": look.digest, "seed": seed, "split": SPLIT, "weights": astuple(weights)}
    out.write_text(json.dumps(content, indent=1) + "\n")
    click.echo(f"{out}: {len(rows)} hits of {len(asked)} queries, heard again in {len(SHARES)} indexes")


if __name__ == "__main__":
    main()
