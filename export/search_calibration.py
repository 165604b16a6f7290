"""Fit the weights with which a search tells how probable a hit is: `python -m export.search_calibration`.

To be run after `export.to_onnx` and `export.align`. Words and phrases of LibriSpeech `train` are searched for, with one
recording or several, among what other speakers say: in all of it, in a third and in a tenth, and for every kind of
index. Nobody else says a part of them, so that the weights also hold for what is not there. A few queries are for words
of Speech Commands, a hundred recordings of each of which stand among a third of the prose, so that they also hold for
what is said often.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export import corpus
from export.spoken_queries import Said, Templates, Truth, aligned, judged
from kwsd.archive import Query, Settings
from kwsd.archive.search.methods import find
from kwsd.archive.search.probability import CALIBRATION, Weights, chance
from kwsd.archive.segments import segment
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.segments.quantizer import Codes, Quantizer
from kwsd.archive.segments.segment import Segment
from kwsd.archive.storage.local import LocalFolder
from kwsd.errors import ArchiveError, KwsdError
from kwsd.settings.archive import MOST_STAGES
from kwsd.tokenizer.codebook import MERGED
from kwsd.tokenizer.tokenizer import Tokenizer

SPLIT = "train"
KINDS = (*(Settings(stages=count) for count in range(1, MOST_STAGES + 1)), Settings(vectors=True))
SHARES = (1, 3, 10)  # of the recordings that are searched in: all, a third, a tenth
QUERIES = {1: 120, 3: 60, 5: 30}  # words, by their recordings; half as many phrases of one recording
HITS = 60  # of a query that are looked at
OFTEN = 6  # words that are said often
TIMES = 100  # that each of them is said
AMONG = 3  # what part of the prose they stand in: a third
ASKED_OFTEN = 1  # query for each of them, and one for each of as many that are not there
STEPS = 50  # of Newton's method, at most


@dataclass(frozen=True)
class Question:
    """A query, and where its words are said by others than its speakers.

    Attributes:
        said: its recordings.
        answers: where.
        alone: whether the recordings hold the words alone; else these are cut out of them.
    """

    said: tuple[Said, ...]
    answers: list[Said]
    alone: bool = False

    def query(self, templates: Templates, tokenizer: Tokenizer) -> Query:
        """What is searched for; ArchiveError if a recording holds no phrase."""
        if self.alone:
            return Query.of_recordings([one.path for one in self.said], tokenizer)
        return templates.query(self.said)

    @property
    def speakers(self) -> set[str]:
        """Those who ask."""
        return {one.speaker for one in self.said}


def questions(words: Truth, phrases: Truth, speakers: set[str], seed: int) -> list[Question]:
    """Queries that somebody else answers, and as many of one recording that nobody does."""
    drawn = [
        (words, query) for count, number in QUERIES.items() for query in words.queries(number, speakers, count, seed)
    ]
    drawn += [(phrases, query) for query in phrases.queries(QUERIES[1] // 2, speakers, seed=seed)]
    for truth, number in ((words, QUERIES[1]), (phrases, QUERIES[1] // 2)):
        drawn += [(truth, (one,)) for one in truth.alone(number, speakers, seed)]
    return [Question(said, truth.relevant(said[0].label, {one.speaker for one in said})) for truth, said in drawn]


def said_often(clips: Sequence[corpus.Clip], seed: int) -> tuple[list[corpus.Clip], list[Question]]:
    """Recordings of a few words that are to be searched in, and queries for these words and for others."""
    rng, of_label = random.Random(seed), defaultdict[str, list[corpus.Clip]](list)
    for clip in clips:
        of_label[clip.text].append(clip)
    labels = sorted(label for label, some in of_label.items() if len(some) >= TIMES + ASKED_OFTEN)
    held, asked = [], []
    for number, label in enumerate(rng.sample(labels, 2 * OFTEN)):
        some = rng.sample(of_label[label], TIMES + ASKED_OFTEN)
        there = some[ASKED_OFTEN:] if number < OFTEN else []
        answers = [whole(clip) for clip in there]
        held += there
        asked += [Question((whole(clip),), answers, alone=True) for clip in some[:ASKED_OFTEN]]
    return held, asked


def whole(clip: corpus.Clip) -> Said:
    """A recording that holds nothing but its words."""
    return Said(clip.text, clip.path, clip.speaker, 0.0, clip.seconds)


def built(
    folder: Path, number: int, clips: Sequence[corpus.Clip], templates: Templates, tokenizer: Tokenizer, kind: Settings
) -> Segment:
    """A segment of some clips."""
    parts, documents, hop = [], [], MERGED * tokenizer.hop
    for clip in clips:
        quantizer = Quantizer(tokenizer.codebook, kind.stages, kind.vectors)
        codes = Codes.join([quantizer.push(templates.frames(clip.path)), quantizer.flush()])
        parts.append(codes)
        origin = tokenizer.hop * (MERGED + 1) / 2 - tokenizer.delay
        documents.append(Document(str(clip.path), 0, 0, "", len(codes) * hop, origin, len(codes)))
    place = LocalFolder(folder)
    return segment.read(
        place, segment.write(place, Manifest("", kind, made=number).name(), documents, Codes.join(parts))
    )


def examples(
    one: Segment, asked: Sequence[Question], templates: Templates, tokenizer: Tokenizer, speaker_of: dict[str, str]
) -> Iterator[tuple[float, float, float, float, bool]]:
    """For each hit of each query what its probability is told by, and whether it is right."""
    held = {document.path for document in one.documents}
    for question in asked:
        try:
            query = question.query(templates, tokenizer)
        except ArchiveError:
            continue  # as a user would record it again
        found = find([one], query, tokenizer.codebook, tokenizer.hop, top=HITS)
        by = chance(found.distances, found.codes)
        if by is None:
            continue
        answers = [said for said in question.answers if str(said.path) in held]
        hits = [hit for hit in found.hits if speaker_of[hit.path] not in question.speakers]
        for hit, is_right in judged(hits, answers):
            distance = 1 - hit.score
            yield 1.0, distance, by.expected(distance), float(np.log(len(query.templates))), is_right


def logistic(rows: Sequence[Sequence[float]]) -> list[float]:
    """The logistic regression of greatest likelihood, by Newton's method.

    Args:
        rows: [n] what is told, and last whether it is right.
    """
    table = np.array(rows, np.float64)
    told, right = table[:, :-1], table[:, -1]
    weights: NDArray[np.float64] = np.zeros(told.shape[1])
    for _ in range(STEPS):
        share = 1 / (1 + np.exp(-(told @ weights)))
        curvature = (told * (share * (1 - share))[:, None]).T @ told
        step = np.linalg.solve(curvature, told.T @ (right - share))
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return [round(float(one), 4) for one in weights]


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option(
    "--model", type=click.Path(path_type=Path), default=None, help="ONNX file; the shipped model if not given."
)
@click.option("--out", type=click.Path(path_type=Path), default=CALIBRATION, show_default=False)
@click.option("--seed", default=20261128, show_default=True)
def main(shared: Path, model: Path | None, out: Path, seed: int) -> None:
    """Fit the weights for each kind of index, and write them with the model's digest and the seed."""
    try:
        tokenizer = Tokenizer(model)
        clips, words, phrases = aligned(shared, corpus.default_cache(), (SPLIT,))
        often, asked_often = said_often(corpus.clips(shared, "speech-commands", corpus.default_cache(), SPLIT), seed)
    except (corpus.CorpusError, KwsdError) as error:
        raise click.ClickException(str(error)) from error
    speaker_of, templates = {str(clip.path): clip.speaker for clip in (*clips, *often)}, Templates(tokenizer)
    asked = questions(words, phrases, {clip.speaker for clip in clips}, seed)
    order, rng = list(clips), random.Random(seed)
    rng.shuffle(order)
    cases = [(order[: len(order) // share], asked) for share in SHARES]
    cases.append(([*order[: len(order) // AMONG], *often], asked_often))
    fits = []
    with tempfile.TemporaryDirectory() as folder:
        for number, kind in enumerate(tqdm(KINDS, desc="kinds of index")):
            rows = []
            for place, (some, questioned) in enumerate(cases):
                one = built(Path(folder), len(cases) * number + place, some, templates, tokenizer, kind)
                rows += list(examples(one, questioned, templates, tokenizer, speaker_of))
            fits.append({"stages": kind.stages, "vectors": kind.vectors, "weights": astuple(Weights(*logistic(rows)))})
    content = {"model": tokenizer.digest, "seed": seed, "split": SPLIT, "weights": fits}
    out.write_text(json.dumps(content, indent=1) + "\n")
    click.echo(f"{out}: {len(asked) + len(asked_often)} queries in {sum(clip.seconds for clip in clips) / 3600:.1f} h")


if __name__ == "__main__":
    main()
