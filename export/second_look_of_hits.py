"""Fit what a second look tells of a hit: `python -m export.second_look_of_hits`.

The queries are every second one of those that `export.search_calibration` draws, in LibriSpeech `dev`: the network has
heard `train`, and is surer there than elsewhere. Each hit is heard again as `kwsd.archive.second_look` does, and by its
words, too, where its sound makes it probable enough. To be run after `export.look.to_onnx`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from export import corpus
from export.augment import Samples
from export.search_calibration import Question, built, logistic, questions
from export.spoken_queries import Said, Templates, aligned, judged
from kwsd.archive import Settings
from kwsd.archive.search.methods import find
from kwsd.archive.second_look import CALIBRATION, LIKELY, Weights
from kwsd.archive.segments.segment import Segment
from kwsd.audio.trim import speech_span
from kwsd.errors import KwsdError
from kwsd.second_look.decoder import plain
from kwsd.second_look.look import second_look
from kwsd.second_look.phrase import Compared, Phrase
from kwsd.second_look.span import LEAD, TAIL
from kwsd.tokenizer.tokenizer import Tokenizer

SPLIT = "dev"
EVERY = 2  # query
HITS = 40  # of a query that are heard again


class Heard:
    """What is said in recordings as the second look hears it; the last recordings are kept in memory."""

    def __init__(self) -> None:
        self._read = lru_cache(maxsize=200)(corpus.read)

    def phrase(self, said: Sequence[Said], alone: bool = False, words: bool = True) -> Phrase:
        """What is searched for, with the words or by its sound only.

        Args:
            said: in running speech, or alone in a recording.
            alone: which of them it is.
            words: whether they are known.
        """
        text = plain(said[0].label) if words else ""
        heard = [second_look().recording(*(self._whole if alone else self._cut)(one), text) for one in said]
        looks, behind = zip(*heard, strict=True)
        return Phrase(looks, behind, text)

    def compared(self, path: Path, start: float, end: float, phrase: Phrase) -> Compared:
        """A hit beside what was searched for."""
        return phrase.compared(*self._around(path, start, end))

    def _cut(self, said: Said) -> tuple[Samples, float, float]:
        return self._around(said.path, said.start, said.end)

    def _whole(self, said: Said) -> tuple[Samples, float, float]:
        samples = self._read(said.path)
        return samples, *speech_span(samples)

    def _around(self, path: Path, start: float, end: float) -> tuple[Samples, float, float]:
        samples = self._read(path)
        first = max(0, round((start - LEAD) * corpus.RATE))
        origin = first / corpus.RATE
        return samples[first : round((end + TAIL) * corpus.RATE) + 1], start - origin, end - origin


@dataclass(frozen=True)
class Example:
    """A hit, what it is compared with, and whether it is right."""

    path: Path
    start: float
    end: float
    phrase: Phrase
    far: float
    is_right: bool

    @property
    def told(self) -> tuple[float, float, float]:
        """What its probability by the sound is told by."""
        return 1.0, float(np.log(len(self.phrase))), self.far


def examples(
    one: Segment,
    asked: Sequence[Question],
    templates: Templates,
    tokenizer: Tokenizer,
    speaker_of: dict[str, str],
    heard: Heard,
) -> Iterator[Example]:
    """Each hit of each query."""
    held = {document.path for document in one.documents}
    for question in tqdm(asked, leave=False):
        found = find([one], question.query(templates, tokenizer), tokenizer.codebook, tokenizer.hop, top=HITS)
        phrase = heard.phrase(question.said)
        answers = [said for said in question.answers if str(said.path) in held]
        hits = [hit for hit in found.hits if speaker_of[hit.path] not in question.speakers]
        for hit, is_right in judged(hits, answers):
            place = (Path(hit.path), hit.start, hit.end)
            yield Example(*place, phrase, heard.compared(*place, phrase).far, is_right)


def fitted(found: Sequence[Example], heard: Heard) -> dict[str, Weights]:
    """The weights by the sound, and those by the words of what the former find probable enough."""
    sound = Weights(*logistic([(*one.told, one.is_right) for one in found]))
    likely = [one for one in found if one.phrase.words and sound.probability(one.far, len(one.phrase)) >= LIKELY]
    rows = [
        (*one.told, heard.compared(one.path, one.start, one.end, one.phrase).other(), one.is_right)
        for one in tqdm(likely, desc="words")
    ]
    return {"sound": sound, "words": Weights(*logistic(rows))}


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=CALIBRATION, show_default=False)
@click.option("--seed", default=20261128, show_default=True)
def main(shared: Path, out: Path, seed: int) -> None:
    """Fit both weights, and write them with the digest of the network and the seed."""
    try:
        tokenizer, look = Tokenizer(None), second_look()
        clips, words, phrases = aligned(shared, corpus.default_cache(), (SPLIT,))
    except (corpus.CorpusError, KwsdError) as error:
        raise click.ClickException(str(error)) from error
    speaker_of, templates = {str(clip.path): clip.speaker for clip in clips}, Templates(tokenizer)
    asked = questions(words, phrases, set(speaker_of.values()), seed)[::EVERY]
    heard = Heard()
    with tempfile.TemporaryDirectory() as folder:
        one = built(Path(folder), 0, clips, templates, tokenizer, Settings())
        found = list(examples(one, asked, templates, tokenizer, speaker_of, heard))
    weights = {kind: astuple(one) for kind, one in fitted(found, heard).items()}
    content = {"second_look": look.digest, "seed": seed, "split": SPLIT, "weights": weights}
    out.write_text(json.dumps(content, indent=1) + "\n")
    click.echo(f"{out}: {len(found)} hits of {len(asked)} queries, heard again")


if __name__ == "__main__":
    main()
