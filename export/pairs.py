"""Pairs of windows that hold the same word or phrase by two speakers, many beside pairs of a near word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from export.labels import SINGLE, Labels, Spoken
from export.near import neighbours
from export.spotting import Pairs

LENGTHS = (8, 32)  # frames that a paired word may last
ROOM = 4  # frames that must follow a word in its window
NEAR = 0.6  # how often a pair is followed by one of a near word, if there is any
# How often a pair is a word or a phrase of running speech, and how often a word of each corpus of single words.
SHARES = {"word": 0.35, "phrase": 0.25, "speech-commands": 0.1, "dspspeech": 0.15, "arabic-commands": 0.15}


class Pairing:
    """Draws pairs of windows, and knows what else is said in a window.

    Args:
        labels: of the streams.
        trained: how many hops of each stream may be used.
        hops: length of a window.
        warm: hops at its start that are not judged.
    """

    def __init__(self, labels: Labels, trained: Sequence[int], hops: int, warm: int) -> None:
        self._hops, self._warm = hops, warm
        self._ids = {word: i for i, word in enumerate(sorted({s.word for s in labels.spoken}))}
        self._spoken = [self._table([s for s in labels.spoken if s.stream == n]) for n in range(len(trained))]
        groups = _grouped([s for s in labels.spoken if warm <= s.start and s.end + hops < trained[s.stream]])
        self._groups = groups
        self._near = neighbours({word: labels.spellings[word] for word in groups if word in labels.spellings})
        self._kinds = [[g for word, g in groups.items() if _kind(word) == kind] for kind in SHARES]
        self._weights = [_weights(kind) for kind in self._kinds]
        shares = np.array(list(SHARES.values())) * [bool(kind) for kind in self._kinds]
        self._shares = shares / shares.sum()

    def draw(self, count: int, rng: np.random.Generator) -> tuple[list[tuple[int, int]], Pairs]:
        """2 count windows as (stream, first hop), windows 2 i and 2 i + 1 being a pair, and what is said in them."""
        spoken: list[Spoken] = []
        while len(spoken) < 2 * count:
            spoken += self._pair(rng)
            near = self._near.get(spoken[-1].word)
            if near and len(spoken) < 2 * count and rng.random() < NEAR:
                spoken += _two(self._groups[near[rng.integers(len(near))]], rng)
        firsts = [self._first(word, rng) for word in spoken]
        ids = np.array([self._ids[word.word] for word in spoken])
        held = [self._held(word.stream, first) for word, first in zip(spoken, firsts, strict=True)]
        shared = [[i == j or bool((words == i).any()) for words, j in zip(held, ids, strict=True)] for i in ids]
        spans = [(word.start - first, word.end - first) for word, first in zip(spoken, firsts, strict=True)]
        windows = [(word.stream, first) for word, first in zip(spoken, firsts, strict=True)]
        return windows, Pairs(torch.tensor(spans), torch.tensor(shared))

    def _pair(self, rng: np.random.Generator) -> tuple[Spoken, Spoken]:
        """Two recordings of a word by two speakers; words are drawn by the square root of how often they are said."""
        kind = rng.choice(len(self._kinds), p=self._shares)
        return _two(self._kinds[kind][rng.choice(len(self._kinds[kind]), p=self._weights[kind])], rng)

    def _first(self, word: Spoken, rng: np.random.Generator) -> int:
        """Where a window begins that holds a word anywhere, but not before it is warm."""
        least = max(0, word.end + ROOM - self._hops)
        return int(rng.integers(least, max(least, word.start - self._warm) + 1))

    def _held(self, stream: int, first: int) -> NDArray[np.int64]:
        """The ids of the words that a window holds."""
        starts, ids = self._spoken[stream]
        low, high = np.searchsorted(starts, (first, first + self._hops))
        return ids[low:high]

    def _table(self, spoken: Sequence[Spoken]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = np.array(sorted((s.start, self._ids[s.word]) for s in spoken), np.int64).reshape(-1, 2)
        return rows[:, 0], rows[:, 1]


def _grouped(spoken: Sequence[Spoken]) -> dict[str, list[Spoken]]:
    """The usable recordings of each word that two speakers or more have said."""
    groups: dict[str, list[Spoken]] = defaultdict(list)
    for s in spoken:
        if not s.withheld and LENGTHS[0] <= s.end - s.start <= LENGTHS[1]:
            groups[s.word].append(s)
    return {word: group for word, group in groups.items() if len({s.speaker for s in group}) > 1}


def _two(group: Sequence[Spoken], rng: np.random.Generator) -> tuple[Spoken, Spoken]:
    """Two recordings of a group by two speakers."""
    one = group[int(rng.integers(len(group)))]
    others = [s for s in group if s.speaker != one.speaker]
    return one, others[int(rng.integers(len(others)))]


def _kind(word: str) -> str:
    corpus = word.split("/", maxsplit=1)[0]
    if corpus in SINGLE:
        return corpus
    return "phrase" if " " in word else "word"


def _weights(groups: Sequence[Sequence[Spoken]]) -> NDArray[np.float64]:
    roots: NDArray[np.float64] = np.sqrt([float(len(group)) for group in groups])
    return roots / roots.sum() if len(groups) else roots
