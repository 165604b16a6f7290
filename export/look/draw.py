"""Batches of phrases: two speakers of each, near ones beside it, and which of them are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise, permutations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info

from export.look.stretches import KINDS

SHARES = {"word": 0.35, "phrase": 0.3, "phones": 0.15, "commands": 0.08, "other": 0.12}
OF_NEAR = 3.0  # times as often a text is drawn that has near ones
NEAR = 3  # near texts beside a text, at most
OTHERS = 8  # other stretches that each is compared with
Ints = NDArray[np.int64]
Batch = tuple[Ints, Ints, NDArray[np.bool_], NDArray[np.bool_]]


class Draw(IterableDataset[Batch]):
    """Batches without end: stretches [b], pairs [p, 2] of a template and what is compared, whether both say the same,
    and whether they say what sounds almost alike.

    Texts are drawn by the square root of how often they are said.

    Args:
        table: as `export.look.stretches` writes it.
        size: stretches of a batch.
        seed: of all that is drawn; each process draws others.
    """

    def __init__(self, table: Path, size: int, seed: int) -> None:
        super().__init__()
        with np.load(table) as data:
            self._text, self._speaker, kind, near = (data[name] for name in ("text", "speaker", "kind", "near"))
        self._size, self._seed = size, seed
        order = np.argsort(self._text, kind="stable")
        bounds = np.searchsorted(self._text[order], np.arange(len(kind) + 1))
        self._of = [order[first:last] for first, last in pairwise(bounds)]
        self._near: dict[int, list[int]] = defaultdict(list)
        for one, other in near.tolist():
            self._near[one].append(other)
        kinds = {name: np.flatnonzero(kind == KINDS.index(name)) for name in SHARES}
        self._texts = [(texts, self._summed(texts)) for texts in kinds.values() if len(texts)]
        shares = np.array([SHARES[name] for name, texts in kinds.items() if len(texts)])
        self._shares = np.cumsum(shares / shares.sum())

    def _summed(self, texts: Ints) -> NDArray[np.float64]:
        """The running sum of how often each is drawn."""
        often = [np.sqrt(len(self._of[text])) * (OF_NEAR if self._near.get(int(text)) else 1.0) for text in texts]
        summed: NDArray[np.float64] = np.cumsum(often)
        summed /= summed[-1]
        return summed

    def __iter__(self) -> Iterator[Batch]:
        process = get_worker_info()
        rng = np.random.default_rng((self._seed, process.id if process else 0))
        while True:
            yield self.batch(rng)

    def batch(self, rng: np.random.Generator) -> Batch:
        """A batch, see above."""
        stretches: list[int] = []
        family: list[int] = []
        same: list[tuple[int, int]] = []
        near: list[tuple[int, int]] = []
        while len(stretches) < self._size:
            text = self._drawn(rng)
            groups = []
            for one in (text, *rng.permutation(self._near.get(text, []))[:NEAR]):
                two = self._two(int(one), rng)
                groups.append(range(len(stretches), len(stretches) + len(two)))
                stretches += two
                same += permutations(groups[-1], 2)
            for group in groups[1:]:
                near += [*product(groups[0], group), *product(group, groups[0])]
            family += [groups[0].start] * sum(map(len, groups))
        of, texts = np.array(family), self._text[stretches]
        a = np.repeat(np.arange(self._size), OTHERS)
        b = rng.integers(self._size, size=len(a))
        other = np.stack([a, b], 1)[(of[a] != of[b]) & (texts[a] != texts[b])]
        inside, close = (
            np.array([p for p in pairs if max(p) < self._size], np.int64).reshape(-1, 2) for pairs in (same, near)
        )
        kinds = np.repeat([0, 1, 2], [len(inside), len(close), len(other)])
        return np.array(stretches[: self._size]), np.concatenate([inside, close, other]), kinds == 0, kinds == 1

    def _drawn(self, rng: np.random.Generator) -> int:
        texts, summed = self._texts[int(np.searchsorted(self._shares[:-1], rng.random()))]
        return int(texts[int(np.searchsorted(summed[:-1], rng.random()))])

    def _two(self, text: int, rng: np.random.Generator) -> list[int]:
        """Two recordings of a text by two speakers."""
        group = self._of[text]
        one = int(group[rng.integers(len(group))])
        others = group[self._speaker[group] != self._speaker[one]]
        return [one, int(others[rng.integers(len(others))])]
