"""Several indexes that are searched as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from kwsd.archive.search.hit import Hit, distinct
from kwsd.archive.segments.manifest import Manifest


def alike(manifests: Sequence[Manifest]) -> list[list[int]]:
    """Which of the indexes keep the same of the audio, so that their distances can be compared."""
    groups = defaultdict[tuple[int, bool], list[int]](list)
    for number, manifest in enumerate(manifests):
        groups[manifest.settings.stages, manifest.settings.vectors].append(number)
    return list(groups.values())


def best_of(found: Sequence[Sequence[Hit]], top: int) -> list[Hit]:
    """The best `top` hits of several searches, by their probabilities where all have one, else by their scores."""
    if len(found) == 1:
        return list(found[0])
    every = [hit for hits in found for hit in hits]
    told = all(hit.probability is not None for hit in every)
    return distinct(sorted(every, key=lambda hit: -(hit.probability or 0.0) if told else -hit.score), top)
