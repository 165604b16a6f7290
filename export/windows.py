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
from export.recipe import Phase, Recipe
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


class Windows(IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """Batches (samples [b, n], targets [b, n / 640 - WARM, dim]) that depend on the recipe and the step alone."""

    def __init__(self, cache: Path, targets: Targets, recipe: Recipe, first: int = 0) -> None:
        work = cache / "train"
        paths = sorted(work.glob("speech-*.teacher"))
        if not paths:
            raise corpus.CorpusError(f"{work} holds no prepared speech: run `python -m export.prepare` first")
        self._streams = [Stream(corpus.stream(cache, path.stem), teacher.vectors(path)) for path in paths]
        self._noise = corpus.stream(cache, "noise-1")
        self._targets, self._recipe, self._first = targets, recipe, first
        self._hops = int(recipe.seconds * corpus.RATE) // HOP

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        step = self._first
        while True:
            yield self.batch(step)
            step += 1

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The noisy batch of a step."""
        rng = np.random.default_rng((self._recipe.seed, step))
        phase, _ = self._recipe.at(step)
        pairs = [self._pick(rng) for _ in range(self._recipe.batch)]
        clean = [samples for samples, _ in pairs]
        noisy = np.stack([self._spoil(i, clean, phase, rng) for i in range(len(clean))])
        targets = self._targets(np.stack([vectors for _, vectors in pairs]))
        return torch.from_numpy(noisy), torch.from_numpy(targets)

    def held_out(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Clean windows from the untrained end of every stream, always the same."""
        cuts = [
            stream.cut(first, self._hops)
            for stream in self._streams
            for first in range(stream.trained, len(stream.vectors) - 2 * self._hops, 4 * self._hops)
        ]
        targets = self._targets(np.stack([vectors for _, vectors in cuts]))
        return torch.from_numpy(np.stack([samples for samples, _ in cuts])), torch.from_numpy(targets)

    def _pick(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
        stream = self._streams[rng.integers(len(self._streams))]
        return stream.cut(int(rng.integers(stream.trained - 2 * self._hops)), self._hops)

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
