"""Groups of places at which the same is said: star clustering of the pairs (Aslam et al. 2004).

The graph has a node for each stretch that pairs found, and an edge for each pair with its score. The node with the
highest sum of scores is the centre of a group, and all nodes that it has an edge to are the others; they are taken out,
and so on. All members are like the centre, so that one doubtful pair does not join two groups.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from kwsd.archive.discovery.pairs import CELL, Pairs

Stretch = tuple[int, int]
"""The first vector, and the vector after the last."""


@dataclass(frozen=True)
class Star:
    """A group.

    Attributes:
        centre: the stretch that all others are like.
        others: the others with the scores of their pairs with the centre, the highest first.
    """

    centre: Stretch
    others: tuple[tuple[Stretch, float], ...]


class Graph:
    """The stretches of pairs, and the scores between them."""

    def __init__(self, pairs: Pairs) -> None:
        self.stretches: list[Stretch] = []
        self.edges: defaultdict[int, dict[int, float]] = defaultdict(dict)
        self._at: defaultdict[int, list[int]] = defaultdict(list)
        for score, (begin, end, other, other_end) in zip(pairs.score.tolist(), pairs.bounds.tolist(), strict=True):
            one, two = self._node((begin, end)), self._node((other, other_end))
            if one != two:
                self.edges[one].setdefault(two, score)  # the first pair is the best
                self.edges[two].setdefault(one, score)

    def stars(self) -> Iterator[Star]:
        """The groups, that with the highest sum of scores first."""
        left = {node: sum(near.values()) for node, near in self.edges.items()}
        heap = [(-total, node) for node, total in left.items()]
        heapq.heapify(heap)
        while heap:
            total, node = heapq.heappop(heap)
            if node not in left:
                continue
            now = sum(score for near, score in self.edges[node].items() if near in left)
            if now < -total:
                if now > 0:
                    heapq.heappush(heap, (-now, node))
                continue
            star = self._star(node, left)
            for stretch in (star.centre, *(one for one, _ in star.others)):
                for beside in self._overlapping(stretch):
                    if _share(self.stretches[beside], stretch) > 0.5:
                        left.pop(beside, None)
            yield star

    def _star(self, node: int, left: dict[int, float]) -> Star:
        taken, others = [self.stretches[node]], []
        for score, near in sorted(((score, -near) for near, score in self.edges[node].items()), reverse=True):
            stretch = self.stretches[-near]
            if -near in left and not any(begin < stretch[1] and stretch[0] < end for begin, end in taken):
                taken.append(stretch)
                others.append((stretch, score))
        return Star(taken[0], tuple(others))

    def _node(self, stretch: Stretch) -> int:
        """The node of a stretch: one that is there already and has half in common with it, or a new one."""
        begin, end = stretch
        for node in self._overlapping(stretch):
            first, last = self.stretches[node]
            if 2 * (min(end, last) - max(begin, first)) >= max(end, last) - min(begin, first):
                return node
        self.stretches.append(stretch)
        for cell in range(begin // CELL, (end - 1) // CELL + 1):
            self._at[cell].append(len(self.stretches) - 1)
        return len(self.stretches) - 1

    def _overlapping(self, stretch: Stretch) -> list[int]:
        """The nodes that may overlap a stretch."""
        begin, end = stretch
        return sorted({node for cell in range(begin // CELL, (end - 1) // CELL + 1) for node in self._at[cell]})


def _share(stretch: Stretch, other: Stretch) -> float:
    """Which share of a stretch is in another."""
    return (min(stretch[1], other[1]) - max(stretch[0], other[0])) / (stretch[1] - stretch[0])
