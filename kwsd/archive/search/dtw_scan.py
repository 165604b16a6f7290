"""Find regions by DTW over all codes of a segment: exact and slow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search.dtw import by_codes, by_vectors
from kwsd.archive.segments.regions import Regions
from kwsd.archive.segments.segment import Segment
from kwsd.tokenizer.codebook import Codebook

AT_ONCE = 1 << 20  # codes whose alignments are held in memory at a time, or one document's if it has more
MARGIN = 2  # codes added on both sides, for the alignments of other templates


def find(segments: Sequence[Segment], template: NDArray[np.float32], codebook: Codebook, count: int) -> list[Regions]:
    """For each segment the regions around the template's nearest alignments, at least `count` if there are so many."""
    return [
        Regions.join([_dips(part, template, codebook, count) for part in _parts(segment)] or [Regions.whole(segment)])
        for segment in segments
    ]


def _parts(segment: Segment) -> Iterator[Regions]:
    whole = Regions.whole(segment)
    batch = np.cumsum(whole.lengths) // AT_ONCE
    return (whole.part(np.flatnonzero(batch == number)) for number in np.unique(batch))


def _dips(regions: Regions, template: NDArray[np.float32], codebook: Codebook, count: int) -> Regions:
    """The regions around the lowest `count` local minima of the distance."""
    kept = regions.segment.vectors.shape[1]
    found = by_vectors(regions, template) if kept else by_codes(regions, template, codebook)
    padded = np.concatenate([[np.inf], found.distance, [np.inf]])
    dips = np.flatnonzero((padded[1:-1] <= padded[:-2]) & (padded[1:-1] < padded[2:]))
    near = dips[np.argsort(found.distance[dips], kind="stable")[:count]]
    firsts = np.cumsum(regions.lengths) - regions.lengths
    region = np.searchsorted(firsts, near, "right") - 1
    end = regions.begin[region] + near - firsts[region] + 1
    begin = end - found.span[near].astype(np.int64)
    return Regions.around(regions.segment, begin - MARGIN, end + MARGIN)
