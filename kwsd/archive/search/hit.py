"""Places in segments and hits in recordings, and the removal of overlapping ones."""

from __future__ import annotations

import math
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.segment import Segment


class Place(NamedTuple):
    """A run of codes of a segment, with a score.

    Attributes:
        score: higher is better; the scale depends on the method.
        segment: the segment.
        begin, end: first code and code after the last one.
    """

    score: float
    segment: Segment
    begin: int
    end: int


class Ranked(NamedTuple):
    """What a method found in segments.

    Attributes:
        places: the best, some of which may overlap, in any order.
        distances: of the nearest places, ascending, for the probabilities; empty where tokens are compared.
    """

    places: Sequence[Place]
    distances: Sequence[float] = ()


@dataclass(frozen=True)
class Hit:
    """A result of a search.

    Attributes:
        path: of the file, or the name of the live stream.
        start, end: seconds from the start of the recording.
        score: higher is better; for DTW the mean cosine along the alignment, for Smith-Waterman the alignment's score
            divided by the query's score with itself.
        heard: Unix time in seconds at which it began, None for a file.
        probability: that it is the phrase, from 0 to 1; None where that cannot be told.
        index: the name of the index that it was found in.
    """

    path: str
    start: float
    end: float
    score: float
    heard: float | None = None
    probability: float | None = None
    index: str = ""

    def overlaps(self, other: Hit) -> bool:
        """Whether both are in the same file, or in the same stream, and overlap in time."""
        if self.path != other.path or (self.heard is None) != (other.heard is None):
            return False
        begun, other_begun = self.heard or self.start, other.heard or other.start
        return begun < other_begun + (other.end - other.start) and other_begun < begun + (self.end - self.start)


def in_recording(document: Document, begin: int, end: int, step: float, score: float, index: str = "") -> Hit:
    """The codes of a recording from `begin` up to, not with, `end` as a hit; there is one code each `step` seconds."""
    start, stop = (document.origin + (at - 0.5) * step for at in (begin, end))
    heard = None if math.isnan(document.began) else document.began + start
    first = max(0.0, start)
    return Hit(document.path, first, max(first, min(document.seconds, stop)), score, heard, index=index)


def best(places: Iterable[Place], top: int) -> list[Place]:
    """The best `top` places, best first, none of which overlaps a better one; of equal ones the first is better."""
    chosen: list[Place] = []
    taken: defaultdict[Segment, list[tuple[int, int]]] = defaultdict(list)  # in order
    for place in sorted(places, key=attrgetter("score"), reverse=True):
        if len(chosen) == top:
            break
        beside = taken[place.segment]
        at = bisect(beside, (place.begin, place.end))
        before, after = beside[max(at - 1, 0) : at], beside[at : at + 1]
        if all(end <= place.begin for _, end in before) and all(begin >= place.end for begin, _ in after):
            beside.insert(at, (place.begin, place.end))
            chosen.append(place)
    return chosen


def distinct(hits: Iterable[Hit], top: int) -> list[Hit]:
    """The first `top` hits, given best first, that overlap no better one; documents of a log overlap in time."""
    chosen: list[Hit] = []
    for hit in hits:
        if len(chosen) == top:
            break
        if not any(hit.overlaps(other) for other in chosen):
            chosen.append(hit)
    return chosen
