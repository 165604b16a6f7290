"""Where a phrase may have been said."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from kwsd.archive.segments.segment import Segment


@dataclass(frozen=True)
class Place:
    """A stretch of a segment and how well it fits.

    Attributes:
        score: the greater the better, on the scale of the method that found it.
        segment: where it is.
        begin, end: the codes from begin to end.
    """

    score: float
    segment: Segment
    begin: int
    end: int


@dataclass(frozen=True)
class Hit:
    """An answer to a query.

    Attributes:
        path: the file, or the name of the stream.
        start, end: seconds from the start of the recording.
        score: the greater the better; where DTW ranked the mean cosine along the alignment, with Smith-Waterman the
            share of the score that the query has with itself.
        heard: Unix time in seconds at which it began, None for a file.
    """

    path: str
    start: float
    end: float
    score: float
    heard: float | None = None

    def overlaps(self, other: Hit) -> bool:
        """Whether both are of the same recording, or of the same stream, and have a moment in common."""
        if self.path != other.path or (self.heard is None) != (other.heard is None):
            return False
        begun, other_begun = self.heard or self.start, other.heard or other.start
        return begun < other_begun + (other.end - other.start) and other_begun < begun + (self.end - self.start)


def best(places: Iterable[Place], top: int) -> list[Place]:
    """The best places, best first, none of which overlaps a better one."""
    chosen: list[Place] = []
    taken: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)  # by segment, in order
    for place in sorted(places, key=lambda one: (-one.score, one.segment.entry.name, one.begin)):
        if len(chosen) == top:
            break
        beside = taken[place.segment.entry.name]
        at = bisect(beside, (place.begin, place.end))
        before, after = beside[max(at - 1, 0) : at], beside[at : at + 1]
        if all(end <= place.begin for _, end in before) and all(begin >= place.end for begin, _ in after):
            beside.insert(at, (place.begin, place.end))
            chosen.append(place)
    return chosen


def distinct(hits: Iterable[Hit], top: int) -> list[Hit]:
    """Of hits that come best first the first so many that overlap no better one: a log may have a moment twice."""
    chosen: list[Hit] = []
    for hit in hits:
        if len(chosen) == top:
            break
        if not any(hit.overlaps(other) for other in chosen):
            chosen.append(hit)
    return chosen
