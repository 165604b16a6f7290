"""Precision of a search for the segments that hold a word: P@k, mean average precision, time of a query."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.evaluate.archive_search.methods import SHORTLIST, Search
from export.evaluate.archive_search.segments import Archive
from export.evaluate.metrics import mean
from export.evaluate.results import Value
from export.systems.system import Encoded

DEPTH = SHORTLIST  # segments of each answer that are judged; methods with a shortlist give no more
RANKS = (1, 3, 5)  # at which precision is told


@dataclass(frozen=True)
class Query:
    """What is looked for.

    Attributes:
        label: the word.
        relevant: [s] bool segments that hold it.
        allowed: [s] bool segments that count at all.
    """

    label: str
    encoded: Encoded
    relevant: NDArray[np.bool_]
    allowed: NDArray[np.bool_]

    @property
    def wanted(self) -> int:
        """How many segments it should find."""
        return int((self.relevant & self.allowed).sum())


@dataclass(frozen=True)
class Problem:
    """An archive, what is looked for in it, and a phrase that says what it is."""

    archive: Archive
    queries: Sequence[Query]
    data: str


def measure(search: Search, queries: Sequence[Query], seed: int) -> dict[str, Value]:
    """Precision at RANKS, mean average precision, and the median CPU seconds of a search; intervals resample words."""
    hits, seconds = [], []
    for query in queries:
        began = time.process_time()
        segments = search.search(query.encoded, DEPTH, query.allowed).segments
        seconds.append(time.process_time() - began)
        hits.append(query.relevant[segments])
    labels = [query.label for query in queries]
    precise = {f"p@{k}": mean([h[:k].sum() / k for h in hits], labels, seed) for k in RANKS}
    average = [average_precision(h, query.wanted) for h, query in zip(hits, queries, strict=True)]
    return {**precise, "map": mean(average, labels, seed), "seconds": Value(float(np.median(seconds)))}


def average_precision(hits: NDArray[np.bool_], wanted: int) -> float:
    """The mean over what should be found of the precision where it is found, 0 for what is not; NaN if nothing should.

    Args:
        hits: [k] which of the segments found, best first, are relevant.
        wanted: how many there are; of more than DEPTH, as many as could be found.
    """
    if not wanted:
        return float("nan")
    ranks = np.flatnonzero(hits[:DEPTH]) + 1
    return float((np.arange(1, len(ranks) + 1) / ranks).sum() / min(wanted, DEPTH))
