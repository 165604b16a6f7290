"""Keyword spotting: where in a long utterance is a word that one recording is known of (Wav2Tok, eq. 19, appendix C).

Our reading of what the paper leaves open:

* Each word of an utterance is an item, found or not. A match counts for the word during which it ends; one that ends
  in the first moments of a word, up to `word_detection.LATE` seconds after the word before, counts for the word before.
  Where a system's frames of the template outlast its recording, matches are taken to end so much earlier.
* Detections are the local minima of s_t that are not above the threshold; of those nearer to each other than the
  template is long, only the lowest. So a threshold chooses among detections, and does not move them.
* The threshold is one for all keywords, learned on utterances of training words: m_hit and m_no-hit are the typical
  values, over words, of the lowest s_t during a word.
* Accuracy, precision, recall and F1 are of all words of all utterances together; intervals resample keywords.

`f1_best` is F1 at the threshold that is best for the test set itself: it tells a system from its threshold.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export.corpora.utterance import Excerpt
from export.evaluate.data.joined_words import TIMES, JoinedUtterance, Samples, joined, joined_utterances, recordings
from export.evaluate.data.spoken_words import WordSets, word_sets
from export.evaluate.encoders import AudioEncoder, audio_encoder
from export.evaluate.experiment import Experiment
from export.evaluate.matching.word_detection import (
    MATCHINGS,
    WordScores,
    best_threshold,
    figures,
    threshold,
    word_scores,
)
from export.evaluate.results import Result, Value
from export.systems.system import Encoded

TASK = "keyword-spotting"
OTHERS, QUICK_OTHERS = (60, 80), (20,)  # words of an utterance besides the keyword
KEYWORDS, QUICK_KEYWORDS = 50, 4  # each with an utterance of its own
QUICK_TIMES = 2, 3  # that a keyword is said in an utterance
AT_ONCE = 8  # utterances that are encoded together: half a minute each, they fill memory quickly


@dataclass(frozen=True)
class Material:
    """Utterances, and the samples of their words.

    Attributes:
        utterances: which words each is made of.
        sound: samples of every word by its number.
        rate: samples a second.
    """

    utterances: list[JoinedUtterance]
    sound: Mapping[int, Samples]
    rate: int

    @classmethod
    def of(
        cls, pool: Sequence[Excerpt], keywords: int, others: int, seed: Sequence[int], rate: int, times: tuple[int, int]
    ) -> Material:
        """Utterances drawn from a pool of words."""
        drawn = joined_utterances(pool, keywords, others, np.random.default_rng(seed), times)
        return cls(drawn, recordings(pool, drawn, rate), rate)


def run(experiment: Experiment) -> None:
    """Measure what is missing: a result for every system, number of other words, and every one of MATCHINGS.

    Raises:
        EvaluationError: the words do not suffice for the utterances.
    """
    sizes = QUICK_OTHERS if experiment.quick else OTHERS
    missing = {
        (others, system): _missing(experiment, system, others) for others, system in product(sizes, experiment.systems)
    }
    if not any(missing.values()):
        return
    sets = word_sets(experiment)
    utterances = Utterances(experiment, sets)
    # One size after the other: the utterances holds the words of one only.
    for (others, system), matchings in tqdm(missing.items(), desc=TASK, unit="system"):
        if matchings:
            _measure(experiment, system, others, matchings, utterances)


def _missing(experiment: Experiment, system: str, others: int) -> list[str]:
    return [matching for matching in MATCHINGS if not experiment.has(TASK, system, _setting(others, matching))]


def _setting(others: int, matching: str) -> dict[str, str | int | float]:
    return {"non_keywords": others, "matching": matching}


class Utterances:
    """Makes the utterances of training and of test words, and keeps those made last."""

    def __init__(self, experiment: Experiment, sets: WordSets) -> None:
        self._keywords = QUICK_KEYWORDS if experiment.quick else KEYWORDS
        self._times = QUICK_TIMES if experiment.quick else TIMES
        self._seed = experiment.seed
        self._sets = sets
        self._kept: tuple[tuple[int, int], tuple[Material, Material]] | None = None

    @property
    def data(self) -> str:
        """Which words these are, for tables."""
        return self._sets.data

    def __call__(self, others: int, rate: int) -> tuple[Material, Material]:
        """Training and test utterances with so many words besides the keyword."""
        if self._kept is None or self._kept[0] != (others, rate):
            self._kept = None  # let go of the words of another size first
            train = Material.of(self._sets.train, self._keywords, others, (self._seed, others, 0), rate, self._times)
            test = Material.of(self._sets.test, self._keywords, others, (self._seed, others, 1), rate, self._times)
            self._kept = (others, rate), (train, test)
        return self._kept[1]


def _measure(
    experiment: Experiment, system: str, others: int, matchings: Sequence[str], utterances: Utterances
) -> None:
    encode = audio_encoder(experiment, system, "speech", tokens=25)
    training, test = utterances(others, encode.rate)
    began = time.perf_counter()
    learned = spotted(encode, training, matchings)
    judged = spotted(encode, test, matchings)
    took = (time.perf_counter() - began) / len(matchings)
    for matching in matchings:
        scores, limit = judged[matching], threshold(learned[matching], matching)
        values = values_of(scores, limit, experiment.seed)
        keywords = len(test.utterances)
        more = {"threshold": limit, "keywords": keywords, "words": len(scores.hit), "hits": int(scores.hit.sum())}
        setting = _setting(others, matching)
        experiment.results.write(
            Result(
                TASK, system, setting, values, utterances.data, keywords, experiment.seed, took, experiment.quick, more
            )
        )


def spotted(encode: AudioEncoder, material: Material, matchings: Sequence[str]) -> dict[str, WordScores]:
    """What each matching finds in all the utterances.

    Args:
        encode: recordings [n] to what a system makes of them.
        material: the utterances.
        matchings: some of `word_detection.MATCHINGS`.
    """
    found: dict[str, list[WordScores]] = {matching: [] for matching in matchings}
    for utterance, template, stream, ends in _encoded(encode, material):
        words = ends, np.array(utterance.hits)
        lag = max(0.0, len(template.z) * encode.seconds - len(material.sound[utterance.template]) / material.rate)
        for matching, parts in found.items():
            parts.append(word_scores(template, stream, matching, words, encode.seconds, lag))
    return {matching: WordScores.join(parts) for matching, parts in found.items()}


def _encoded(
    encode: AudioEncoder, material: Material
) -> Iterator[tuple[JoinedUtterance, Encoded, Encoded, NDArray[np.float64]]]:
    """Each utterance, its template and itself as a system encodes them, and the seconds at which its words end."""
    for first in range(0, len(material.utterances), AT_ONCE):
        part = material.utterances[first : first + AT_ONCE]
        streams = [joined(utterance.words, material.sound, material.rate) for utterance in part]
        templates = encode([material.sound[utterance.template] for utterance in part])
        encoded = encode([samples for samples, _ in streams])
        yield from zip(part, templates, encoded, (ends for _, ends in streams), strict=True)


def values_of(scores: WordScores, limit: float, seed: int) -> dict[str, Value]:
    """The figures at a learned threshold, F1 at the best one, and the median seconds that an utterance takes.

    The interval of `f1_best` takes its threshold as given.
    """
    best = figures(scores, best_threshold(scores), seed)["f1"]
    return {**figures(scores, limit, seed), "f1_best": best, "seconds": Value(float(np.median(scores.seconds)))}
