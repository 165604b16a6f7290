"""Codes back to frames: each code gives MERGED frames of the same vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.alternation import stages_of, sums
from kwsd.archive.segments.quantizer import SCALE, Codes
from kwsd.tokenizer.codebook import MERGED, Codebook, gathered, nearest, unit
from kwsd.tokenizer.frames import Frames


def decoded(
    codes: Codes, middle: float, hop: float, codebook: Codebook, first: int = 0, last: int | None = None
) -> Frames:
    """The frames that codes stand for.

    Args:
        codes: of a recording.
        middle: seconds at the middle of the `first` code.
        hop: seconds between frames.
        codebook: of the model.
        first, last: only the codes in [first, last), as far as there are codes; all if not given.
    """
    vectors = np.repeat(vectors_of(codes, codebook, first, last), MERGED, axis=0)
    time = middle + hop * (np.arange(len(vectors), dtype=np.float64) - (MERGED - 1) / 2)
    return Frames(time, vectors, nearest(vectors, codebook.centroids).astype(np.int32))


def vectors_of(codes: Codes, codebook: Codebook, first: int = 0, last: int | None = None) -> NDArray[np.float32]:
    """Unit vectors [n, m], stored ones or those that the codes in [first, last) stand for; empty codes have none."""
    first, last, _ = slice(first, last).indices(codes.filled)
    if codes.vectors.shape[1]:
        return unit(codes.vectors[first:last].astype(np.float32) / np.float32(SCALE))
    if first >= last:
        return np.zeros((0, codebook.stages.shape[2]), np.float32)
    if not codes.alternate:
        return unit(gathered(codebook.stages[: codes.rows.shape[1]], codes.rows[first:last]))
    return unit(sums(codes.rows, codebook.stages[: stages_of(codes.rows.shape[1])], first, last))
