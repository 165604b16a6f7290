"""Relevance feedback: a query learns from hits that somebody called right or wrong (Rocchio 1971, with templates).

A right hit becomes one more template of the query, a wrong one a negative, see `kwsd.archive.search.dtw`, and a place
that is not found again. The vectors of a hit are those that its codes stand for, so that no audio is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search.hit import Hit
from kwsd.archive.search.query import Query
from kwsd.archive.segments.decoded import decoded
from kwsd.archive.segments.posting_lists import GAP
from kwsd.archive.segments.segment import Segment
from kwsd.errors import ArchiveError
from kwsd.printable import printable
from kwsd.tokenizer.codebook import MERGED, Codebook, merged

CLOCK = r"(?:(\d+):)?(\d+):(\d\d\.\d\d)"
IN_FILE = re.compile(rf"(?:.*\s)?{CLOCK} - +{CLOCK}\s+(\S.*)")
LIVE = re.compile(r"(?:.*\s)?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d) - (\d\d:\d\d:\d\d\.\d\d)\s+(\S.*)")
DAY = 24 * 3600  # s


def read_hit(line: str) -> Hit:
    """The hit that a line of `kwsd search` shows; what stands before its times may be left out.

    Raises:
        ArchiveError: it is no such line.
    """
    line = line.strip()
    try:
        if line.startswith("{"):
            facts = json.loads(line)
            return Hit(facts["path"], float(facts["start"]), float(facts["end"]), 0.0, facts.get("heard"))
        if live := LIVE.fullmatch(line):
            begun = datetime.fromisoformat(live[1])
            ended = datetime.fromisoformat(f"{live[1][:10]} {live[2]}")
            seconds = (ended - begun).total_seconds() % DAY
            return Hit(live[3], 0.0, seconds, 0.0, begun.timestamp())
        if found := IN_FILE.fullmatch(line):
            start, end = (_seconds(*found.group(*groups)) for groups in ((1, 2, 3), (4, 5, 6)))
            return Hit(found[7], start, end, 0.0)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass
    raise ArchiveError(f'"{printable(line)}" is not a hit: give its line as `kwsd search` prints it, in quotes')


def _seconds(hours: str | None, minutes: str, seconds: str) -> float:
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds)


@dataclass(frozen=True)
class Feedback:
    """Hits of an index that were right, and hits that were wrong."""

    right: tuple[Hit, ...] = ()
    wrong: tuple[Hit, ...] = ()

    def refine(self, query: Query, segments: Sequence[Segment], codebook: Codebook, hop: float) -> Query:
        """The query that has learned from them.

        Raises:
            ArchiveError: the index does not have one of them, or a right one is too short.
        """
        right, wrong = ([_vectors(hit, segments, codebook, hop) for hit in hits] for hits in (self.right, self.wrong))
        short = next((hit for hit, vectors in zip(self.right, right, strict=True) if len(vectors) <= GAP), None)
        if short:
            raise ArchiveError(f"the hit in {printable(short.path)} is too short to learn from: choose another")
        return replace(
            query,
            templates=(*query.templates, *right),
            negatives=(*query.negatives, *(vectors for vectors in wrong if len(vectors) > GAP)),
            rejected=(*query.rejected, *self.wrong),
        )


def _vectors(hit: Hit, segments: Sequence[Segment], codebook: Codebook, hop: float) -> NDArray[np.float32]:
    """The vectors [n, m] that the codes of a hit stand for."""
    step = hop * MERGED
    for segment in segments:
        for index in np.flatnonzero(segment.alive).tolist():
            path = segment.documents.path(index)
            if hit.path not in (path, printable(str(Path(path)))):
                continue
            document = segment.documents[index]
            start = hit.start if hit.heard is None else hit.heard - document.began
            end = start + hit.end - hit.start
            if (hit.heard is None) != np.isnan(document.began) or not (-step < start and end < document.seconds + step):
                continue
            first, last = (max(0, round((time - document.origin) / step + 0.5)) for time in (start, end))
            return merged(decoded(segment.part(index), 0.0, hop, codebook, first, last).vectors)
    raise ArchiveError(f"the index does not have {printable(hit.path)} at that time: give a hit of this index")
