"""Training batches: windows of the prepared streams, made noisy, with the clean teacher's targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from export import augment, corpus, teacher
from export.labels import Labels
from export.pairs import Pairing
from export.recipe import Phase, Recipe
from export.spotting import Pairs
from export.targets import Targets

HOP = teacher.HOP
LAG = -(-teacher.WINDOW // HOP) - 1  # the frame whose window ends where the teacher's first window does
WARM = LAG + 1  # frames at the start of a window that have not heard enough to be judged
HELD_OUT = 0.01  # share at the end of every stream that is never trained on


@dataclass(frozen=True)
class Stream:
    """One prepared stream and the teacher's vectors of it."""

    pcm: NDArray[np.int16]
    vectors: NDArray[np.float16]

    @property
    def trained(self) -> int:
        """How many hops of the stream may be trained on."""
        return int(len(self.vectors) * (1 - HELD_OUT))

    def cut(self, first: int, hops: int) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
        """Samples of `hops` hops from hop `first` on, and the teacher's vectors of frames WARM and later."""
        samples = corpus.to_float(self.pcm[first * HOP : (first + hops) * HOP])
        return samples, self.vectors[first + WARM - LAG : first + hops - LAG]


@dataclass(frozen=True)
class Batch:
    """Windows of n hops and what is known of them.

    Attributes:
        samples: [b, 640 n] noisy audio.
        targets: [b, n - WARM, dim] unit vectors of the clean audio; frames before WARM are not judged.
        phones: [b, n - WARM] indices, or UNKNOWN.
        pairs: which words the windows hold, counted from frame WARM; None where they were not drawn in pairs.
    """

    samples: torch.Tensor
    targets: torch.Tensor
    phones: torch.Tensor
    pairs: Pairs | None

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        pairs = self.pairs and Pairs(self.pairs.spans.to(device), self.pairs.shared.to(device))
        return Batch(self.samples.to(device), self.targets.to(device), self.phones.to(device), pairs)


class Windows(IterableDataset[Batch]):
    """Batches that depend on the recipe and the step alone."""

    def __init__(self, cache: Path, targets: Targets, recipe: Recipe, first: int = 0) -> None:
        work = cache / "train"
        paths = sorted(work.glob("speech-*.teacher"))
        if not paths:
            raise corpus.CorpusError(f"{work} holds no prepared speech: run `python -m export.prepare` first")
        self._streams = [Stream(corpus.stream(cache, path.stem), teacher.vectors(path)) for path in paths]
        labels = Labels(cache, [path.stem for path in paths])
        self._phones = labels.phones
        self._noise = corpus.stream(cache, "noise-1")
        self._targets, self._recipe, self._first = targets, recipe, first
        self._hops = int(recipe.seconds * corpus.RATE) // HOP
        self._pairing = Pairing(labels, [stream.trained for stream in self._streams], self._hops, WARM)

    def __iter__(self) -> Iterator[Batch]:
        step = self._first
        while True:
            yield self.batch(step)
            step += 1

    def batch(self, step: int) -> Batch:
        """The noisy batch of a step."""
        rng = np.random.default_rng((self._recipe.seed, step))
        phase, _ = self._recipe.at(step)
        pairs: Pairs | None = None
        if phase.spotting:
            places, pairs = self._pairing.draw(self._recipe.batch // 2, rng)
            pairs = pairs.later(WARM)
        else:
            places = [self._place(rng) for _ in range(self._recipe.batch)]
        clean, vectors, phones = self._cut(places)
        noisy = np.stack([self._spoil(i, clean, phase, rng) for i in range(len(clean))])
        return self._batch(noisy, vectors, phones, pairs)

    def held_out(self) -> Batch:
        """Clean windows from the untrained end of every stream, always the same."""
        places = [
            (number, first)
            for number, stream in enumerate(self._streams)
            for first in range(stream.trained, len(stream.vectors) - 2 * self._hops, 4 * self._hops)
        ]
        clean, vectors, phones = self._cut(places)
        return self._batch(np.stack(clean), vectors, phones, None)

    def _place(self, rng: np.random.Generator) -> tuple[int, int]:
        stream = int(rng.integers(len(self._streams)))
        return stream, int(rng.integers(self._streams[stream].trained - 2 * self._hops))

    def _cut(
        self, places: list[tuple[int, int]]
    ) -> tuple[list[NDArray[np.float32]], NDArray[np.float16], NDArray[np.int8]]:
        cuts = [self._streams[stream].cut(first, self._hops) for stream, first in places]
        phones = [self._phones[stream][first + WARM : first + self._hops] for stream, first in places]
        return [samples for samples, _ in cuts], np.stack([vectors for _, vectors in cuts]), np.stack(phones)

    def _batch(
        self,
        samples: NDArray[np.float32],
        vectors: NDArray[np.float16],
        phones: NDArray[np.int8],
        pairs: Pairs | None,
    ) -> Batch:
        targets = torch.from_numpy(self._targets(vectors))
        return Batch(torch.from_numpy(samples), targets, torch.from_numpy(phones.astype(np.int64)), pairs)

    def _spoil(
        self, i: int, clean: list[NDArray[np.float32]], phase: Phase, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        heard = augment.filtered(clean[i], rng, reverberate=0.4, recolour=0.6)
        if rng.random() < phase.noisy:
            heard = augment.mixed(heard, self._noise_for(i, clean, rng), rng.uniform(*phase.ratio))
        return augment.gained(heard, rng)

    def _noise_for(self, i: int, clean: list[NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
        kind, n = rng.random(), self._hops * HOP
        if kind < 0.55:
            first = int(rng.integers(len(self._noise) - n))
            return corpus.to_float(self._noise[first : first + n])
        if kind < 0.85:
            voices = rng.choice([j for j in range(len(clean)) if j != i], size=int(rng.integers(1, 6)), replace=False)
            babble: NDArray[np.float32] = np.add.reduce([clean[j] for j in voices])
            return babble
        return augment.white(n, rng)
