"""The result of a local alignment."""

from __future__ import annotations

from typing import NamedTuple


class Alignment(NamedTuple):
    """The best local alignment of two token sequences: its score, and its stretch of each, half-open, in tokens."""

    score: int
    query_start: int
    query_end: int
    start: int
    end: int
