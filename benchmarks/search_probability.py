"""How far the probabilities of hits can be trusted: `python -m benchmarks.search_probability`, or `--only` a part.

Many queries are said by nobody in the index, so that "it is not there" can be right. `prose`: LibriSpeech `dev`, whose
speakers neither the model nor the weights were learned from, in half of it and in all. `longer`: the same among four
times as much speech. `words`: words said alone, in Arabic, Mandarin and English. `telephone`: two words in callers'
sentences among other calls. Parts named "again" hear the hits again with a second look, those named "again, words"
also their words.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.field import Field
from benchmarks.product import Product, command_of_parts
from benchmarks.tables import table
from export.labels import HELD_OUT_SPEAKERS
from export.search_calibration import Question, built, whole
from export.second_look_of_hits import Heard
from export.spoken_queries import Said, Templates, Truth, aligned, judged
from kwsd.archive import Settings
from kwsd.archive.search.methods import find
from kwsd.archive.search.probability import Calibration
from kwsd.archive.second_look import hear_again
from kwsd.archive.segments.segment import Segment
from kwsd.errors import ArchiveError
from kwsd.tokenizer.codebook import MERGED
from kwsd.tokenizer.tokenizer import Tokenizer

AT_LEAST = (0.5, 0.8, 0.95)
TOP = 20  # hits of a query
BINS = 10  # of a reliability diagram
LIKELY = 0.1  # from which on a hit counts for the second calibration error
WORDS, PHRASES, VOICES = 150, 75, 3
LEFT_OUT = 4  # every so manieth word is not in an index of words
OF_WORDS = 2000  # recordings in one
KIND = Settings()


@dataclass(frozen=True)
class Case:
    """An index and what it is asked.

    Attributes:
        name: of the case.
        clips: the recordings in it.
        asked: with the answers that are in it.
    """

    name: str
    clips: Sequence[corpora.Clip]
    asked: Sequence[Question]


@dataclass(frozen=True)
class Verdicts:
    """What was said of all hits of a case.

    Attributes:
        query: [n] the index of the query.
        probability: [n].
        right: [n].
        answers: [queries] how many answers there are.
        hours: in the index.
    """

    query: NDArray[np.intp]
    probability: NDArray[np.float64]
    right: NDArray[np.bool_]
    answers: NDArray[np.intp]
    hours: float

    def brier(self) -> float:
        """The mean squared error of the probabilities."""
        return float(np.mean((self.probability - self.right) ** 2))

    def calibration_error(self, above: float = 0.0) -> float:
        """The mean difference of the probability and the share of right hits, over the bins of those `above` it."""
        used = self.probability >= above
        bins = np.minimum((self.probability * BINS).astype(int), BINS - 1)
        gaps = [
            abs(self.probability[one].sum() - self.right[one].sum())
            for one in (used & (bins == number) for number in range(BINS))
        ]
        return float(sum(gaps) / max(used.sum(), 1))

    def ranking(self) -> tuple[float, float]:
        """In percent, of queries that are there: how many have a right hit first, and MAP over the hits."""
        first, precision = [], []
        for number in np.flatnonzero(self.answers).tolist():
            right = self.right[self.query == number]
            share = np.cumsum(right) / np.arange(1, len(right) + 1)
            first.append(bool(len(right)) and bool(right[0]))
            precision.append(float((share * right).sum()) / min(int(self.answers[number]), TOP))
        return 100 * float(np.mean(first)), 100 * float(np.mean(precision))

    def at(self, least: float) -> tuple[float, float, float, float]:
        """In percent, of hits at least so probable: how many are right, how many answers they are; of queries without
        such a hit: how many are not there; of queries that are not there: how many have none."""
        used = self.probability >= least
        there = self.answers > 0
        silent = ~np.isin(np.arange(len(self.answers)), self.query[used])
        return (
            100 * _share(self.right[used]),
            100 * float(self.right[used].sum()) / max(int(self.answers.sum()), 1),
            100 * _share(~there[silent]),
            100 * _share(silent[~there]),
        )

    def diagram(self) -> list[str]:
        """Of each bin the mean probability, the share of right hits and the number of hits."""
        bins = np.minimum((self.probability * BINS).astype(int), BINS - 1)
        cells = []
        for one in (bins == number for number in range(BINS)):
            mean, share = 100 * _share(self.probability[one]), 100 * _share(self.right[one])
            cells.append(f"{mean:.0f}: {share:.0f} ({one.sum()})" if one.any() else "")
        return cells


def _share(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def verdicts(case: Case, segment: Segment, templates: Templates, tokenizer: Tokenizer, again: str) -> Verdicts:
    """Ask everything; hits by the asking speakers are left out.

    Args:
        case: the index and what it is asked.
        segment: of the index.
        templates: of the queries.
        tokenizer: of the index.
        again: "sound" or "words", by which hits are heard again; empty for no second look.
    """
    weights = Calibration.shipped().weights[KIND.stages, KIND.vectors]
    speaker_of = {str(clip.path): clip.speaker for clip in case.clips}
    rows: list[tuple[int, float, bool]] = []
    answers: list[int] = []
    heard = Heard()
    for question in tqdm(case.asked, desc=case.name, leave=False):
        try:
            query = question.query(templates, tokenizer)
        except ArchiveError:
            continue  # as a user would record it again
        found = find([segment], query, tokenizer.codebook, tokenizer.hop, top=4 * TOP)
        probable = found.probable(weights, len(query.templates))
        if again:
            phrase = heard.phrase(question.said, alone=question.alone, words=again == "words")
            probable, _ = hear_again(probable, phrase)
        if any(hit.probability is None for hit in probable):
            continue  # a long one among short recordings, with too little to compare it with
        number = len(answers)
        answers.append(len(question.answers))
        others = [hit for hit in probable if speaker_of[hit.path] not in question.speakers][:TOP]
        rows += [(number, hit.probability or 0.0, is_right) for hit, is_right in judged(others, question.answers)]
    query_of, probability, right = zip(*rows, strict=True)
    hours = len(segment) * MERGED * tokenizer.hop / 3600
    return Verdicts(np.array(query_of), np.array(probability), np.array(right), np.array(answers), hours)


def prose(product: Product, splits: Sequence[str], names: Sequence[str]) -> Iterator[Case]:
    """LibriSpeech, asked by speakers of `dev`: half of `dev`, all of it, and all of the splits."""
    shared, cache = product.protocol.shared, corpora.default_cache()
    clips, words, phrases = aligned(shared, cache, splits)
    asking = {clip.speaker for clip in clips if clip.split == "dev"}
    dev = [clip for clip in clips if clip.split == "dev"]
    half = random.Random(7).sample(dev, len(dev) // 2)
    said = [
        *((words, one) for one in words.queries(WORDS, asking)),
        *((phrases, one) for one in phrases.queries(PHRASES, asking)),
        *((words, one) for one in words.queries(PHRASES, asking, VOICES)),
        *((words, (one,)) for one in words.alone(WORDS, asking)),
        *((phrases, (one,)) for one in phrases.alone(PHRASES, asking)),
    ]
    indices = {"half of dev": half, "dev": dev, "dev and train": clips}
    for name in names:
        yield Case(f"prose, {name}", indices[name], _asked(said, indices[name]))


def _asked(
    drawn: Sequence[tuple[Truth, tuple[Said, ...]]], clips: Sequence[corpora.Clip], *, alone: bool = False
) -> list[Question]:
    held = {clip.path for clip in clips}
    asked = []
    for truth, said in drawn:
        answers = truth.relevant(said[0].label, {one.speaker for one in said})
        asked.append(Question(said, [one for one in answers if one.path in held], alone))
    return asked


def words_alone(product: Product) -> Iterator[Case]:
    """Words said alone, a part of them asked for and not there; speakers that pairs were not learned from ask."""
    for name, language in (("arabic-commands", "ar"), ("dspspeech", "zh"), ("dspspeech", "en")):
        everything = [clip for clip in product.clips(name, "train") if clip.language == language]
        labels = sorted({clip.text for clip in everything})
        absent = set(labels[::LEFT_OUT])
        asking = [clip for clip in everything if clip.speaker in HELD_OUT_SPEAKERS]
        rng = random.Random(7)
        held = rng.sample([clip for clip in everything if clip.text not in absent], OF_WORDS)
        truth = Truth({label: [whole(clip) for clip in held if clip.text == label] for label in labels})
        drawn = [(truth, (whole(clip),)) for clip in rng.sample(asking, WORDS)]
        drawn += [(truth, (whole(clip),)) for clip in rng.sample([c for c in asking if c.text in absent], WORDS // 2)]
        yield Case(f"words, {name} {language}", held, _asked(drawn, held, alone=True))


def telephone(product: Product) -> Iterator[Case]:
    """Callers: one word of `eval/field` in sentences among other calls, and the other word, which is not there."""
    field, place = Field(product.protocol.shared), "telephone"
    calls = product.clips("telephone", "dev")
    words = field.words(place)
    for there, other in (words, words[::-1]):
        paths, spans = field.paths(place, there, "sentences"), field.spans(place, there, "sentences")
        sentences = [corpora.Clip(path, str(path), there, "en", "eval", 0.0) for path in paths]
        said = [Said(there, path, str(path), *span) for path, span in zip(paths, spans, strict=True)]
        truth = Truth({there: said, other: []})
        drawn = [
            (truth, tuple(Said(word, path, str(path), 0.0, 0.0) for path in several))
            for word in (there, other)
            for recordings in field.draws(place, word)
            for several in (*([path] for path in recordings), recordings)
        ]
        held = [*calls, *sentences]
        yield Case(f"telephone, {there}", held, _asked(drawn, held, alone=True))


FROM = f"ECE % from {LIKELY:g} on"
HEADER = ("index", "hours", "queries there", "not there", "P@1 %", "MAP %", "Brier", "ECE %", FROM)
OF_LEAST = ("index", "at least", "hits right %", "answers found %", '"not there" right %', "not there, and so said %")


def measure(product: Product, cases: Iterator[Case], again: str = "") -> dict[str, Any]:
    """The tables of some cases; `again` as `verdicts` has it."""
    templates, rows, least, diagrams = Templates(product.tokenizer), [], [], []
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases):
            segment = built(Path(folder), number, case.clips, templates, product.tokenizer, KIND)
            found = verdicts(case, segment, templates, product.tokenizer, again)
            there = int(np.count_nonzero(found.answers))
            errors = [found.calibration_error(), found.calibration_error(LIKELY)]
            counts = [f"{found.hours:.1f}", there, len(found.answers) - there]
            shown = [f"{one:.1f}" for one in (*found.ranking(), *(100 * error for error in errors))]
            rows.append([case.name, *counts, *shown[:2], f"{found.brier():.4f}", *shown[2:]])
            least += [[case.name, f"{p:g}", *(f"{one:.0f}" for one in found.at(p))] for p in AT_LEAST]
            diagrams.append([case.name, *found.diagram()])
            at = {p: found.at(p) for p in AT_LEAST}
            figures[case.name] = {"ranking": found.ranking(), "brier": found.brier(), "ece": errors, "at": at}
    click.echo(f"\n{table(HEADER, rows)}\n\n{table(OF_LEAST, least)}\n")
    edges = [f"{100 * number // BINS} to {100 * (number + 1) // BINS} %" for number in range(BINS)]
    click.echo(f"Mean probability: right, in percent (hits).\n\n{table(('index', *edges), diagrams)}")
    return figures


CASES: dict[str, Callable[[Product], Iterator[Case]]] = {
    "prose": lambda product: prose(product, ("dev",), ("half of dev", "dev")),
    "longer": lambda product: prose(product, ("dev", "train"), ("dev and train",)),
    "words": words_alone,
    "telephone": telephone,
}
AGAIN = {"": "", " again": "sound", " again, words": "words"}


def _part(cases: Callable[[Product], Iterator[Case]], again: str) -> Callable[[Product], dict[str, Any]]:
    return lambda product: measure(product, cases(product), again)


PARTS = {f"{name}{how}": _part(cases, again) for how, again in AGAIN.items() for name, cases in CASES.items()}


main = command_of_parts(__doc__, PARTS)


if __name__ == "__main__":
    main()
