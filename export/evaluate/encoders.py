"""Recordings as a system represents them; the system is trained first, if that was not done yet."""

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
from export.evaluate.experiment import Context
from export.evaluate.matching.distances import distances
from export.evaluate.metrics import reciprocal_ranks
from export.systems.features import HUMMING, SPEECH, Features
from export.systems.registry import kind
from export.systems.samples import Sample
from export.systems.shape import Shape
from export.systems.system import Encoded, System
from export.systems.training import Plan, Run
from kwsd.tokenizer.codebook import unit
from kwsd.tokenizer.tokenizer import Tokenizer

Recordings = Sequence[NDArray[np.float32]]
FEATURES = {"speech": SPEECH, "humming": HUMMING}
# A hum is a sequence already.
PLANS = {"speech": Plan(steps=300), "humming": Plan(steps=120, pairs=8, sequences=8, joined=1)}
TOKENS = 25  # as in the paper, where nothing else is said
QUICK = Plan(steps=6, pairs=4, sequences=2, joined=2, every=3)
QUICK_SHAPE = Shape(hidden=32)
OWN = "kwsd"
JUDGED = 400  # recordings that a system in training is judged by, about, at most


class Hearer(Protocol):
    """What a system makes of recordings.

    Attributes:
        rate: samples a second that it wants.
        seconds: from one frame to the next.
    """

    @property
    def rate(self) -> int: ...  # noqa: D102
    @property
    def seconds(self) -> float: ...  # noqa: D102

    def __call__(self, recordings: Recordings) -> list[Encoded]:
        """Each recording [n] as vectors and tokens."""


class Trained:
    """A system of the papers."""

    def __init__(self, system: System, features: Features) -> None:
        self._system, self._features = system, features
        self.rate, self.seconds = features.rate, features.seconds

    def __call__(self, recordings: Recordings) -> list[Encoded]:
        """Each recording [n] as vectors and tokens."""
        return self._system.encode([self._features(samples) for samples in recordings])


class Own:
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
        # The encoder looks back: what it says of the beginning comes late, and what it says first is of nothing yet.
        quiet = np.zeros(round(self._tokenizer.delay * self.rate), np.float32)
        frames = self._tokenizer.push(np.concatenate([samples, quiet]))
        frames = frames.between(0, len(samples) / self.rate)
        return Encoded(unit(frames.vectors), frames.tokens)


@cache
def hearer(context: Context, name: str, domain: str, tokens: int = TOKENS) -> Hearer:
    """How a system hears "speech" or "humming", with a codebook of so many tokens.

    Raises:
        CorpusError: what it is to be trained on cannot be read.
        TrainingError: it cannot be trained.
    """
    if name == OWN:
        return Own()
    trained = tokens if kind(name).retrained else TOKENS
    whole = QUICK if context.quick else PLANS[domain]
    shape = replace(QUICK_SHAPE if context.quick else Shape(), tokens=trained)
    plan = replace(whole, steps=whole.steps // kind(name).cost, seed=context.seed)
    run = Run(context.runs / f"{domain}-{name}-{trained}", name, shape, samples(context, domain), plan, judge)
    system = run.train() if tokens == trained else run.retokenized(tokens)
    return Trained(system, FEATURES[domain])


def judge(system: System, held_out: Sequence[Sample]) -> float:
    """How well recordings find their label by another speaker: the mean of MRR by vectors and of MRR by tokens."""
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
def samples(context: Context, domain: str) -> list[Sample]:
    """What the systems are trained on: words or melodies, as features."""
    if domain == "humming":
        return [Sample(s.label, s.singer, HUMMING(s.samples).astype(np.float16)) for s in hums(context)]
    words = word_sets(context).train
    return [
        Sample(word.label, word.speaker, SPEECH(heard).astype(np.float16))
        for word, heard in zip(words, cut(words, SPEECH.rate), strict=True)
    ]
