"""Pairs of places in an archive at which the same is said, by trees and segmental DTW."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.discovery import kernels
from kwsd.archive.discovery.heard import ONE, Heard
from kwsd.archive.discovery.speech import Speech
from kwsd.archive.discovery.trees import Neighbours, neighbours
from kwsd.archive.search.hit import Hit
from kwsd.tokenizer.voice_activity import VoiceActivity

WIDTH = 6  # vectors in a window: 0.48 s
REACH = 24  # vectors that an alignment may cover before and after the middle of a window: 1.9 s
BAND = 3  # vectors between an alignment and the diagonal, at most
GAP = 0.1  # what a vector without a partner of its own takes from the score
LEAST = 1.25  # score of a pair
CELL = 8  # vectors


@dataclass(frozen=True)
class Pairs:
    """Pairs of places, the best first.

    Attributes:
        score: [p] float64: the sum over the aligned vectors of their cosine less the mean of their levels.
        bounds: [p, 4] int32 the first vector and the vector after the last, of the one place and of the other.
    """

    score: NDArray[np.float64]
    bounds: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.score)

    def placed(self, heard: Heard, step: float) -> list[tuple[Hit, Hit]]:
        """The places of each pair with its score, for vectors that are `step` seconds apart."""
        listed = zip(self.score.tolist(), self.bounds.tolist(), strict=True)
        return [(heard.hit(a, b, score, step), heard.hit(c, d, score, step)) for score, (a, b, c, d) in listed]

    def part(self, rows: NDArray[np.intp]) -> Pairs:
        """The pairs of these rows."""
        return Pairs(self.score[rows], self.bounds[rows])


def find_pairs(
    heard: Heard,
    shortest: int,
    activity: VoiceActivity | None,
    progress: Callable[[float], None] = lambda share: None,
    least: float = LEAST,
) -> Pairs:
    """The pairs of places with a score of `least` or more, each place having so many vectors or more.

    Pairs may overlap others, and a pair's places never each other.
    """
    speech = Speech.of(heard, WIDTH, activity)
    if not len(speech.windows):
        return Pairs(np.zeros(0), np.zeros((0, 4), np.int32))
    near = _highest_on_diagonals(
        neighbours(heard.vectors, speech.window_level, speech.windows, WIDTH, 0, progress=progress)
    )
    score, bounds = _aligned(heard, speech, near)
    lengths = np.minimum(bounds[:, 1] - bounds[:, 0], bounds[:, 3] - bounds[:, 2])
    kept = (score >= least * ONE) & (lengths >= shortest)
    kept &= speech.are_spoken(bounds[:, 0], bounds[:, 1]) & speech.are_spoken(bounds[:, 2], bounds[:, 3])
    bounds, first = np.unique(bounds[kept], axis=0, return_index=True)
    found = Pairs(score[kept][first] / ONE, bounds)
    return found.part(np.argsort(-found.score, kind="stable"))


def clear(pairs: Pairs) -> Pairs:
    """Those with a score of LEAST or more."""
    return pairs.part(np.flatnonzero(pairs.score >= LEAST))


def distinct(pairs: Pairs, most: int) -> Pairs:
    """The best so many pairs without those that are half within a better one, at both places."""
    beside: defaultdict[tuple[int, int], list[tuple[int, ...]]] = defaultdict(list)
    chosen: list[int] = []
    for row, bounds in enumerate(map(tuple, pairs.bounds.tolist())):
        if len(chosen) == most:
            break
        cells = [
            (one, other)
            for one in range(bounds[0] // CELL, (bounds[1] - 1) // CELL + 1)
            for other in range(bounds[2] // CELL, (bounds[3] - 1) // CELL + 1)
        ]
        if not any(_within(bounds, better) for cell in cells for better in beside[cell]):
            chosen.append(row)
            for cell in cells:
                beside[cell].append(bounds)
    return pairs.part(np.array(chosen, np.intp))


def _within(pair: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether half of the shorter place is common, at both places."""
    return all(
        2 * (min(pair[k + 1], other[k + 1]) - max(pair[k], other[k]))
        > min(pair[k + 1] - pair[k], other[k + 1] - other[k])
        for k in (0, 2)
    )


def _highest_on_diagonals(near: Neighbours) -> Neighbours:
    """Without pairs that both have a vector's place later, or earlier, with a higher score: they are one alignment."""
    order = np.lexsort((near.one, near.other - near.one))
    one, other, score = (part[order] for part in (near.one, near.other, near.score))
    beside = (np.diff(one) == 1) & (np.diff(other) == 1)
    kept = np.ones(len(one), bool)
    kept[:-1] &= ~(beside & (score[:-1] < score[1:]))
    kept[1:] &= ~(beside & (score[1:] <= score[:-1]))
    return Neighbours(one[kept], other[kept], score[kept])


def _aligned(heard: Heard, speech: Speech, near: Neighbours) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Scores and bounds of the best alignment around each pair of windows; it crosses neither document's bounds."""
    places = np.stack([near.one, near.other], axis=1) + np.int32(WIDTH // 2)
    document = heard.document_at(places)
    limits = np.stack([heard.bounds[document], heard.bounds[document + 1]], axis=2).reshape(-1, 4)
    same = document[:, 0] == document[:, 1]
    # In one recording each place gets its half of what lies between them, so that no place is its own partner.
    limits[same, 1:3] = ((places[same, :1] + places[same, 1:]) + 1) // 2
    return kernels.align_locally(
        heard.vectors, speech.level, places, np.ascontiguousarray(limits), REACH, BAND, round(GAP * ONE)
    )
