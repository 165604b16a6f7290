"""Training batches: windows of the prepared streams, made noisy, with the clean teacher's targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info

from export import augment, corpus, recorded, rooms, teacher, voices
from export.labels import Labels
from export.pairs import Pairing
from export.recipe import Phase, Recipe
from export.schedule import Schedule
from export.spotting import Pairs
from export.targets import Targets

HOP = teacher.HOP
LAG = -(-teacher.WINDOW // HOP) - 1  # the frame whose window ends where the teacher's first window does
WARM = LAG + 1  # frames at the start of a window that have not heard enough to be judged
HELD_OUT = 0.01  # share at the end of every stream that is never trained on

# Of the windows that are heard as devices hear them, the share:
RECORDED = 0.35  # by a telephone or recorder
REVOICED = 0.25  # by another voice
SUPPRESSED = 0.12  # after noise suppression
LEVELLED = 0.25  # after automatic gain control
OVERDRIVEN = 0.2  # too loud


@dataclass(frozen=True)
class Stream:
    """One prepared stream, the same as devices recorded it, if that was prepared, and the teacher's vectors of it."""

    pcm: NDArray[np.int16]
    recorded: NDArray[np.int16] | None
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
        phase: index of the phase that they were drawn for.
    """

    samples: torch.Tensor
    targets: torch.Tensor
    phones: torch.Tensor
    pairs: Pairs | None
    phase: int = 0

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        pairs = self.pairs and Pairs(self.pairs.spans.to(device), self.pairs.shared.to(device))
        return Batch(self.samples.to(device), self.targets.to(device), self.phones.to(device), pairs, self.phase)


class Windows(IterableDataset[Batch]):
    """Batches that depend on the recipe and the step alone, and on the clock if the schedule has one.

    They end with the run. Of several workers each makes its share of the steps, in the same order.
    """

    def __init__(self, cache: Path, targets: Targets, recipe: Recipe, schedule: Schedule, first: int = 0) -> None:
        work = cache / "train"
        paths = sorted(work.glob("speech-*.teacher"))
        if not paths:
            raise corpus.CorpusError(f"{work} holds no prepared speech: run `python -m export.prepare` first")
        self._streams = [
            Stream(corpus.stream(cache, p.stem), recorded.load(cache, p.stem), teacher.vectors(p)) for p in paths
        ]
        labels = Labels(cache, [path.stem for path in paths])
        self._phones = labels.phones
        self._noise = corpus.stream(cache, "noise-1")
        self._rooms = rooms.load(cache)
        self._targets, self._recipe, self._schedule, self._first = targets, recipe, schedule, first
        self._hops = int(recipe.seconds * corpus.RATE) // HOP
        self._pairing = Pairing(labels, [stream.trained for stream in self._streams], self._hops, WARM)

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        step, stride = (self._first + worker.id, worker.num_workers) if worker else (self._first, 1)
        while (phase := self._schedule.at(step).phase) < len(self._recipe.todo):
            yield self.batch(step, phase)
            step += stride

    def batch(self, step: int, number: int) -> Batch:
        """The noisy batch of a step of a phase."""
        rng = np.random.default_rng((self._recipe.seed, step))
        phase = self._recipe.todo[number]
        pairs: Pairs | None = None
        if phase.spotting:
            places, pairs = self._pairing.draw(self._recipe.batch // 2, rng)
            pairs = pairs.later(WARM)
        else:
            places = [self._place(rng) for _ in range(self._recipe.batch)]
        clean, vectors, phones = self._cut(places)
        noisy = np.stack([self._spoil(i, places[i], clean, phase, rng) for i in range(len(clean))])
        return self._batch(noisy, vectors, phones, pairs, number)

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
        phase: int = 0,
    ) -> Batch:
        targets = torch.from_numpy(self._targets(vectors))
        return Batch(torch.from_numpy(samples), targets, torch.from_numpy(phones.astype(np.int64)), pairs, phase)

    def _spoil(
        self,
        i: int,
        place: tuple[int, int],
        clean: list[NDArray[np.float32]],
        phase: Phase,
        rng: np.random.Generator,
    ) -> NDArray[np.float32]:
        """Window i as a microphone hears it."""
        field = rng.random() < phase.field
        heard = self._spoken(clean[i], place, rng) if field else clean[i]
        heard = augment.filtered(heard, rng, 0.5 if field else 0.4, 0.6, self._rooms)
        if rng.random() < phase.noisy:
            heard = augment.mixed(heard, self._noise_for(i, clean, rng), rng.uniform(*phase.ratio))
        if field and rng.random() < SUPPRESSED:
            heard = augment.suppressed(heard, rng)
        if field and rng.random() < LEVELLED:
            heard = augment.levelled(heard, rng)
        return augment.gained(heard, rng, OVERDRIVEN if field else 0.0)

    def _spoken(
        self, clean: NDArray[np.float32], place: tuple[int, int], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """The window as it was recorded by a telephone, or spoken by another voice, or as it is."""
        kind, (stream, first) = rng.random(), place
        if kind < RECORDED:
            kept = self._streams[stream].recorded
            return clean if kept is None else corpus.to_float(kept[first * HOP : (first + self._hops) * HOP])
        if kind < RECORDED + REVOICED:
            return voices.shifted(clean, float(np.exp(rng.uniform(*np.log(voices.FACTORS)))))
        return clean

    def _noise_for(self, i: int, clean: list[NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
        kind, n = rng.random(), self._hops * HOP
        if kind < 0.55:
            first = int(rng.integers(len(self._noise) - n))
            return corpus.to_float(self._noise[first : first + n])
        if kind < 0.85:
            others = [j for j in range(len(clean)) if j != i]
            talking = rng.choice(others, size=min(len(others), int(rng.integers(1, 6))), replace=False)
            babble: NDArray[np.float32] = np.add.reduce([clean[j] for j in talking])
            return babble
        return augment.white(n, rng)
