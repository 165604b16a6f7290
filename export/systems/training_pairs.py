"""Training recordings as features, and random pairs of those with one label by two speakers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.systems.system import Batch, TrainingError


@dataclass(frozen=True)
class Sample:
    """A recording of one word or melody.

    Attributes:
        label: what is said or sung.
        speaker: who says it.
        features: [t, bins], float16 to save memory.
        held_out: whether it is only there to judge by.
    """

    label: str
    speaker: str
    features: NDArray[np.float16]
    held_out: bool = False


class Pairs:
    """Draws batches of pairs: one label by two speakers, labels by the square root of how often they occur.

    Args:
        samples: of which those count whose label two speakers or more have.
        same: whether the two of a pair share their label; if not, any two recordings are a pair.
        joined: how many recordings follow one another on each side of a pair.

    Raises:
        TrainingError: no label was recorded by two speakers.
    """

    def __init__(self, samples: Sequence[Sample], same: bool = True, joined: int = 1) -> None:
        groups: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            groups[sample.label].append(sample)
        self._groups = [g for g in groups.values() if len({s.speaker for s in g}) > 1]
        if not self._groups:
            raise TrainingError("no label was recorded by two speakers: pairs need a corpus in which some were")
        roots = np.sqrt([len(g) for g in self._groups])
        self._weights = roots / roots.sum()
        self._same, self._joined = same, joined

    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """A batch of so many pairs."""
        return Batch.of([side for _ in range(count) for side in self._sides(rng)])

    def _sides(self, rng: np.random.Generator) -> list[NDArray[np.float16]]:
        """The features [t, bins] of both sides of a pair."""
        chosen = rng.choice(len(self._groups), self._joined, p=self._weights)
        pairs = [self._pair(self._groups[i], rng) for i in chosen]
        return [np.concatenate([sample.features for sample in side]) for side in zip(*pairs, strict=True)]

    def _pair(self, group: Sequence[Sample], rng: np.random.Generator) -> tuple[Sample, Sample]:
        one = group[int(rng.integers(len(group)))]
        if not self._same:
            group = self._groups[int(rng.integers(len(self._groups)))]
        others = [s for s in group if s.speaker != one.speaker or not self._same]
        return one, others[int(rng.integers(len(others)))]
