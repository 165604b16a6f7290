"""Codes back to frames: each code gives MERGED frames of the same vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.quantizer import SCALE, Codes
from kwsd.tokenizer.codebook import MERGED, Codebook, nearest, unit
from kwsd.tokenizer.frames import Frames


def decoded(codes: Codes, middle: float, hop: float, codebook: Codebook) -> Frames:
    """The frames that codes stand for.

    Args:
        codes: consecutive ones.
        middle: seconds at the middle of the first code.
        hop: seconds between frames.
        codebook: of the model.
    """
    vectors = np.repeat(vectors_of(codes, codebook), MERGED, axis=0)
    time = middle + hop * (np.arange(len(vectors), dtype=np.float64) - (MERGED - 1) / 2)
    return Frames(time, vectors, nearest(vectors, codebook.centroids).astype(np.int32))


def vectors_of(codes: Codes, codebook: Codebook) -> NDArray[np.float32]:
    """Unit vectors [n, m], those that are stored or those that the codes stand for."""
    if codes.vectors.shape[1]:
        return unit(codes.vectors.astype(np.float32) / np.float32(SCALE))
    used = Codebook(codebook.centroids, codebook.stages[: codes.codes.shape[1]])
    return used.decode(codes.codes)
