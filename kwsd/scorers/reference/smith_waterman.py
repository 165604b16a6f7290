"""Local alignment as a plain dynamic program over cells, each holding the best alignment that ends in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwsd.scorers import checks
from kwsd.scorers.alignment import Alignment


class Cell(NamedTuple):
    """The best alignment that ends in a cell; lengths count down from 0, so that of equal scores the shortest wins."""

    score: int
    minus_length: int
    minus_query_length: int

    def both(self, score: int) -> Cell:
        """This alignment and a token more of each sequence."""
        return Cell(self.score + score, self.minus_length - 1, self.minus_query_length - 1)

    def skip_token(self, gap: int) -> Cell:
        """This alignment and a token more of the other sequence."""
        return Cell(self.score + gap, self.minus_length - 1, self.minus_query_length)

    def skip_query(self, gap: int) -> Cell:
        """This alignment and a token more of the query."""
        return Cell(self.score + gap, self.minus_length, self.minus_query_length - 1)

    def alignment(self, query_end: int, end: int) -> Alignment:
        """The alignment as the kernel returns it."""
        return Alignment(self.score, query_end + self.minus_query_length, query_end, end + self.minus_length, end)


EMPTY = Cell(0, 0, 0)


def smith_waterman(
    query: NDArray[np.int32], other: NDArray[np.int32], *, match: int = 2, mismatch: int = -1, gap: int = -2
) -> Alignment:
    """`kwsd.scorers.smith_waterman`, step by step."""
    query, other = checks.token_vector(query), checks.token_vector(other)
    scores = checks.alignment_scores(match, mismatch, gap)
    checks.alignment_room(len(query), len(other), scores)
    best = Alignment(0, 0, 0, 0, 0)
    column = [EMPTY] * (len(query) + 1)
    for j, token in enumerate(other):
        column = _next_column(column, [match if wanted == token else mismatch for wanted in query], gap)
        highest = max(column)
        if highest.score > best.score:
            best = highest.alignment(column.index(highest), j + 1)
    return best


def smith_waterman_each(
    query: NDArray[np.int32],
    others: NDArray[np.int32],
    lengths: NDArray[np.int32],
    *,
    match: int = 2,
    mismatch: int = -1,
    gap: int = -2,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """`kwsd.scorers.smith_waterman_each`, one after the other."""
    query, others = checks.token_vector(query), checks.token_vector(others)
    counts = checks.token_counts(lengths, len(others))
    scores = checks.alignment_scores(match, mismatch, gap)
    checks.alignment_room(len(query), int(counts.max(initial=0)), scores)
    parts = np.split(others, np.cumsum(counts)[:-1]) if len(counts) else []
    best = [smith_waterman(query, part, match=match, mismatch=mismatch, gap=gap) for part in parts]
    found = np.array([(b.score, b.start, b.end) for b in best], np.int32).reshape(-1, 3)
    return found[:, 0], found[:, 1], found[:, 2]


def _next_column(before: list[Cell], pairs: list[int], gap: int) -> list[Cell]:
    """The cells [n + 1] after one token more of the other sequence, which scores `pairs` with the query's tokens."""
    column = [EMPTY]
    for i, pair in enumerate(pairs):
        column.append(max(EMPTY, before[i].both(pair), before[i + 1].skip_token(gap), column[i].skip_query(gap)))
    return column
