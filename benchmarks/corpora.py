"""Recordings of packed corpora (`corpus/NAME.tar`, `NAME.tsv`) for benchmarks, unpacked once by `export.corpus`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.corpus import RATE, Clip, CorpusError, decodable, default_cache, read
from export.corpus import clips as clips_below

__all__ = [
    "RATE",
    "Clip",
    "CorpusError",
    "Samples",
    "clips",
    "decodable",
    "default_cache",
    "read",
    "read_prose",
    "samples",
]

Samples = NDArray[np.float32]


def clips(shared: Path, name: str, split: str = "train") -> list[Clip]:
    """The clips of one split of a corpus, in the order of its table.

    Raises:
        CorpusError: the corpus is not below the folder `shared`.
    """
    return clips_below(shared, name, default_cache(), split)


def samples(chosen: Iterable[Clip]) -> Iterator[Samples]:
    """The samples [n] of each clip at 16 kHz.

    Raises:
        CorpusError: a clip is missing or cannot be decoded.
    """
    for clip in chosen:
        yield read(clip.path)


def read_prose(shared: Path, seconds: float) -> Samples:
    """So many seconds of the `dev` split of LibriSpeech, read prose, from its beginning on; all if it is shorter."""
    chosen: Sequence[Clip] = clips(shared, "librispeech", "dev")
    parts, held = [], 0.0
    for clip, part in zip(chosen, samples(chosen), strict=True):
        parts.append(part)
        held += clip.seconds
        if held > seconds:
            break
    return np.concatenate(parts)[: int(seconds * RATE)]
