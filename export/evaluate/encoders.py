"""Recordings to vectors and tokens, by any of the systems; a system is trained first, if that was not done yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from export.corpora.utterance import cut
from export.evaluate.data.hummed_melodies import training as hums
from export.evaluate.data.spoken_words import word_sets
from export.evaluate.experiment import Experiment
from export.evaluate.matching.distances import distances
from export.evaluate.metrics import reciprocal_ranks
from export.systems.features import HUMMING, SPEECH, Features
from export.systems.registry import kind
from export.systems.shape import Shape
from export.systems.system import Encoded, System
from export.systems.training import Plan, Run
from export.systems.training_pairs import Sample
from kwsd.tokenizer.codebook import unit
from kwsd.tokenizer.tokenizer import Tokenizer

Recordings = Sequence[NDArray[np.float32]]
FEATURES = {"speech": SPEECH, "humming": HUMMING}
# A hum is a sequence already.
PLANS = {"speech": Plan(steps=300), "humming": Plan(steps=120, pairs=8, sequences=8, joined=1)}
TOKENS = 25  # as in the paper, where nothing else is said
QUICK = Plan(steps=6, pairs=4, sequences=2, joined=2, every=3)
QUICK_SHAPE = Shape(hidden=32)
KWSD = "kwsd"
JUDGED = 400  # recordings that a system in training is judged by, about, at most


class AudioEncoder(Protocol):
    """Turns recordings into vectors and tokens.

    Attributes:
        rate: samples a second of the recordings.
        seconds: from one frame to the next.
    """

    @property
    def rate(self) -> int: ...  # noqa: D102
    @property
    def seconds(self) -> float: ...  # noqa: D102

    def __call__(self, recordings: Recordings) -> list[Encoded]:
        """Each recording [n] as vectors and tokens."""


class SystemEncoder:
    """A system of the papers with its features."""

    def __init__(self, system: System, features: Features) -> None:
        self._system, self._features = system, features
        self.rate, self.seconds = features.rate, features.seconds

    def __call__(self, recordings: Recordings) -> list[Encoded]:
        """Each recording [n] as vectors and tokens."""
        return self._system.encode([self._features(samples) for samples in recordings])


class KwsdEncoder:
    """The tokenizer that kwsd ships."""

    rate = 16_000

    def __init__(self) -> None:
        self._tokenizer = Tokenizer()
        self.seconds = self._tokenizer.hop

    def __call__(self, recordings: Recordings) -> list[Encoded]:
        """Each recording [n] as vectors and tokens."""
        return [self._one(samples) for samples in recordings]

    def _one(self, samples: NDArray[np.float32]) -> Encoded:
        self._tokenizer.reset()
        # Frames come `delay` seconds late, and the first ones are of the time before the recording.
        quiet = np.zeros(round(self._tokenizer.delay * self.rate), np.float32)
        frames = self._tokenizer.push(np.concatenate([samples, quiet]))
        frames = frames.between(0, len(samples) / self.rate)
        return Encoded(unit(frames.vectors), frames.tokens)


@cache
def audio_encoder(experiment: Experiment, name: str, domain: str, tokens: int = TOKENS) -> AudioEncoder:
    """A system trained on "speech" or "humming", with a codebook of so many tokens.

    Raises:
        CorpusError: what it is to be trained on cannot be read.
        TrainingError: it cannot be trained.
    """
    if name == KWSD:
        return KwsdEncoder()
    trained = tokens if kind(name).retrained else TOKENS
    whole = QUICK if experiment.quick else PLANS[domain]
    shape = replace(QUICK_SHAPE if experiment.quick else Shape(), tokens=trained)
    plan = replace(whole, steps=whole.steps // kind(name).cost, seed=experiment.seed)
    run = Run(experiment.runs / f"{domain}-{name}-{trained}", name, shape, samples(experiment, domain), plan, judge)
    system = run.train() if tokens == trained else run.retokenized(tokens)
    return SystemEncoder(system, FEATURES[domain])


def judge(system: System, held_out: Sequence[Sample]) -> float:
    """How well recordings find their label by another speaker: the mean of the MRR by vectors and that by tokens."""
    chosen = shared(held_out)
    if not chosen:
        return 0.0
    label, speaker = np.array([s.label for s in chosen]), np.array([s.speaker for s in chosen])
    said = system.encode([s.features.astype(np.float32) for s in chosen])
    same, others = label[:, None] == label, speaker[:, None] != speaker
    ranks = [reciprocal_ranks(distances(said, said, m), same, others) for m in ("dtw", "edit, compressed")]
    return float(np.nanmean(ranks))


def shared(held_out: Sequence[Sample]) -> list[Sample]:
    """About JUDGED samples at most: those of some of the labels that two speakers or more have."""
    several = Counter(label for label, _ in {(s.label, s.speaker) for s in held_out})
    labels = sorted(label for label, speakers in several.items() if speakers > 1)
    count = sum(s.label in labels for s in held_out)
    kept = set(labels[:: -(-count // JUDGED) or 1])
    return [s for s in held_out if s.label in kept]


@cache
def samples(experiment: Experiment, domain: str) -> list[Sample]:
    """What the systems are trained on: words or melodies, as features."""
    if domain == "humming":
        return [Sample(s.label, s.singer, HUMMING(s.samples).astype(np.float16)) for s in hums(experiment)]
    words = word_sets(experiment).train
    return [
        Sample(word.label, word.speaker, SPEECH(sound).astype(np.float16))
        for word, sound in zip(words, cut(words, SPEECH.rate), strict=True)
    ]
