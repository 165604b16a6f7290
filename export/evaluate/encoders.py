"""Recordings to vectors and tokens, by any of the systems; a system is trained first, if that was not done yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from export.corpora.utterance import cut
from export.evaluate.data import hummed_melodies
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
# A hum is a sequence already. LAMB with 4e-3 undoes in hundreds of steps what it gained; Adam has the paper's rate.
PLANS = {
    "speech": Plan(steps=1000, lamb=1e-3),
    "humming": Plan(steps=2000, pairs=6, sequences=6, joined=1, lamb=1e-3),
}
# How many times as many steps those systems get that go on gaining by them; Triplet and TokB do not.
LASTING = {("speech", "mips"): 6, ("speech", "tokb-batch"): 6}
TOKENS = 25  # as in the paper, where nothing else is said
QUICK = Plan(steps=6, pairs=4, sequences=2, joined=2, every=3)
SHAPE = Shape(hidden=64)  # the paper has 304 units: a step takes eight times as long, and says little more untrained
QUICK_SHAPE = Shape(hidden=32)
KWSD = "kwsd"
JUDGED = 300  # recordings that a system in training is judged by, about, at most
ASKED = 2  # one of so many is a query
JUDGED_BY = ("dtw", "edit, compressed")


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
    run = run_of(experiment, name, domain, trained)
    system = run.train() if tokens == trained else run.retokenized(tokens)
    return SystemEncoder(system, FEATURES[domain])


def run_of(
    experiment: Experiment, name: str, domain: str, tokens: int, units: int | None = None, **changes: float
) -> Run:
    """The training run of a system, begun or to be begun, with other units of its encoder or fields of its plan.

    Raises:
        CorpusError: what it is to be trained on cannot be read.
        TrainingError: its folder holds a run of another plan.
    """
    whole = QUICK if experiment.quick else PLANS[domain]
    usual = QUICK_SHAPE if experiment.quick else SHAPE
    shape = replace(usual, tokens=tokens, hidden=units or usual.hidden)
    steps = whole.steps * LASTING.get((domain, name), 1) // kind(name).cost
    plan = replace(whole, steps=steps, seed=experiment.seed)
    plan = replace(plan, **changes)  # type: ignore[arg-type]  # the command line says of which type each is
    folder = experiment.runs / f"{domain}-{name}-{tokens}"
    return Run(folder, name, shape, samples(experiment, domain), plan, judge)


def judge(system: System, held_out: Sequence[Sample]) -> dict[str, float]:
    """How well recordings find their label by another speaker: MRR by vectors and by compressed tokens.

    With it comes what tells why: how many dimensions the vectors fill (the participation ratio of the eigenvalues of
    their covariance), how many tokens are in use (the perplexity of their shares), and the mean cosine of vectors with
    their centroids.
    """
    chosen = shared(held_out)
    if not chosen:
        return dict.fromkeys(JUDGED_BY, 0.0)
    label, speaker = np.array([s.label for s in chosen]), np.array([s.speaker for s in chosen])
    said = system.encode([s.features.astype(np.float32) for s in chosen])
    same, others = label[:, None] == label, speaker[:, None] != speaker
    asked = slice(None, None, ASKED)
    ranks = {m: reciprocal_ranks(distances(said[asked], said, m), same[asked], others[asked]) for m in JUDGED_BY}
    return {**{m: float(np.nanmean(found)) for m, found in ranks.items()}, **spread(said, system.codebook.numpy())}


def spread(said: Sequence[Encoded], centroids: NDArray[np.float32]) -> dict[str, float]:
    """How the vectors and tokens of recordings are spread: dimensions, tokens in use, and cosine with centroids."""
    z, tokens = np.concatenate([one.z for one in said]), np.concatenate([one.tokens for one in said])
    variances = np.linalg.eigvalsh(np.cov(z.T))
    shares = np.bincount(tokens) / len(tokens)
    entropy = -(shares * np.log(np.maximum(shares, 1e-12))).sum()
    return {
        "dimensions": float(variances.sum() ** 2 / (variances**2).sum()),
        "used": float(np.exp(entropy)),
        "near": float((z @ centroids.T).max(axis=1).mean()),
    }


def shared(held_out: Sequence[Sample]) -> list[Sample]:
    """About JUDGED samples at most: those of some of the labels that two speakers or more have."""
    several = Counter(label for label, _ in {(s.label, s.speaker) for s in held_out})
    labels = sorted(label for label, speakers in several.items() if speakers > 1)
    count = sum(s.label in labels for s in held_out)
    kept = set(labels[:: -(-count // JUDGED) or 1])
    return [s for s in held_out if s.label in kept]


@cache
def samples(experiment: Experiment, domain: str) -> list[Sample]:
    """What the systems are trained on: words or melodies, as features, which are kept beside the trained systems."""
    path = experiment.runs / f"{domain}.npz"
    if not path.exists():
        experiment.runs.mkdir(parents=True, exist_ok=True)
        made = list(_hums(experiment) if domain == "humming" else _words(experiment))
        part = path.with_suffix(".part.npz")
        np.savez(
            part,
            label=[s.label for s in made],
            speaker=[s.speaker for s in made],
            length=[len(s.features) for s in made],
            held_out=[s.held_out for s in made],
            features=np.concatenate([s.features for s in made]),
        )
        part.replace(path)
    kept = np.load(path)
    parts = np.split(kept["features"], np.cumsum(kept["length"])[:-1])
    rows = (kept["label"].tolist(), kept["speaker"].tolist(), parts, kept["held_out"].tolist())
    return [Sample(*one) for one in zip(*rows, strict=True)]


def _hums(experiment: Experiment) -> Iterator[Sample]:
    for held_out, hums in ((False, hummed_melodies.training), (True, hummed_melodies.validation)):
        for sung in hums(experiment):
            yield Sample(sung.label, sung.singer, HUMMING(sung.samples).astype(np.float16), held_out)


def _words(experiment: Experiment) -> Iterator[Sample]:
    words = word_sets(experiment).train
    for word, sound in zip(words, cut(words, SPEECH.rate), strict=True):
        yield Sample(word.label, word.speaker, SPEECH(sound).astype(np.float16))
