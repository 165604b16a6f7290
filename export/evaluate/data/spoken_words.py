"""Spoken words for training the systems, and words of other speakers for testing them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from export.corpora import registry
from export.corpora.splits import split
from export.corpora.utterance import Excerpt, Utterance, excerpts
from export.corpora.word_times import with_times
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment

CORPORA = ("timit", "librispeech")  # of which the first that is given is used
LONGEST = 1.2  # seconds of a word
LETTERS = 3  # of the shortest word
ALIGNED = 4000  # utterances of a split, at most, where the times of words must be found
QUICK_TRAIN, QUICK_TEST = 60, 60  # utterances


@dataclass(frozen=True)
class WordSets:
    """Words for training and for testing.

    Attributes:
        train, test: words of 0.3 to LONGEST seconds; no speaker is in both.
        train_utterances, test_utterances: the utterances that they are from, with the times of all words.
        data: one phrase that says what was tested on.
    """

    train: list[Excerpt]
    test: list[Excerpt]
    train_utterances: list[Utterance]
    test_utterances: list[Utterance]
    data: str


@cache
def word_sets(experiment: Experiment) -> WordSets:
    """The words of the corpus of speech; the split is kept in `splits/CORPUS.json` in the folder of results.

    Raises:
        CorpusError: the corpus cannot be read.
        EvaluationError: none is given, or it has no usable words.
    """
    name = next((name for name in CORPORA if name in experiment.corpora), None)
    if name is None:
        raise EvaluationError(f"no corpus of sentences is at hand: pass --corpus {CORPORA[-1]}=PATH")
    said = [u for u in registry.read(name, experiment.corpora[name], experiment.cache) if u.text]
    halves = split(said, experiment.seed, experiment.out / "splits" / f"{name}.json")
    limits = (QUICK_TRAIN, QUICK_TEST) if experiment.quick else (ALIGNED, ALIGNED)
    train, test = (with_times(half, name, experiment.cache, limit=n) for half, n in zip(halves, limits, strict=True))
    found = WordSets(usable(train), usable(test), train, test, f"{name}, {len(test)} utterances by {_speakers(test)}")
    if not (found.train and found.test):
        raise EvaluationError(
            f"{experiment.corpora[name]} has no words of which the times are known: name another corpus"
        )
    return found


def usable(utterances: Iterable[Utterance]) -> list[Excerpt]:
    """The words that are neither short nor slurred together with a pause."""
    return [e for e in excerpts(utterances) if e.end - e.start <= LONGEST and len(e.label) >= LETTERS]


def _speakers(utterances: Iterable[Utterance]) -> str:
    return f"{len({u.speaker for u in utterances})} speakers"
