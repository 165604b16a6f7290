"""Distances of wake-word templates to recordings, and the threshold for a number of false alarms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from export.evaluate.archive_search.methods import HQuest
from export.evaluate.archive_search.segments import Archive
from export.systems.system import Encoded
from kwsd.scorers import SubsequenceDTW, cosine_costs

Distances = NDArray[np.float32]


def by_alignment(templates: Sequence[Encoded], recordings: Sequence[Encoded]) -> Distances:
    """[r, k] the best alignment of each template anywhere in each recording: subsequence DTW over vectors."""
    stacked = np.concatenate([t.z for t in templates])
    lengths = [len(t.z) for t in templates]
    found = np.empty((len(recordings), len(templates)), np.float32)
    for row, recording in zip(found, recordings, strict=True):
        distance, _ = SubsequenceDTW(lengths).push(cosine_costs(recording.z, stacked))
        row[:] = distance.min(axis=0)
    return found


def by_search(templates: Sequence[Encoded], search: HQuest, archive: Archive, allowed: NDArray[np.bool_]) -> Distances:
    """[r] how far each recording of an archive is from the nearest template, as H-QuEST scores its best segment.

    A recording none of whose segments is found is at 0, and every other is nearer.
    """
    distance = np.zeros(len(archive.recordings), np.float32)
    for template in templates:
        segments, scores = search.search(template, search.shortlist, allowed)
        np.minimum.at(distance, archive.recording[segments], -scores.astype(np.float32))
    return distance


def threshold(background: Distances, alarms: int) -> float:
    """The greatest distance below which at most so many of the background's recordings [n] lie (by oracle)."""
    return float(np.sort(background)[alarms]) if alarms < len(background) else float("inf")
