"""An archive as one row of 8-bit vectors, which discovery compares with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search.hit import Hit, in_recording
from kwsd.archive.segments.decoded import vectors_of
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.segment import Segment
from kwsd.tokenizer.codebook import Codebook

SCALE = 127  # of a component 1.0
ONE = SCALE * SCALE  # the inner product of a unit vector with itself


@dataclass(frozen=True)
class Heard:
    """All that an archive heard.

    Attributes:
        vectors: [n, m] int8 unit vectors times SCALE, document after document.
        documents: the recordings that were not removed and have a code or more.
        bounds: [d + 1] int32; document i has the vectors from bounds[i] to bounds[i + 1].
    """

    vectors: NDArray[np.int8]
    documents: Sequence[Document]
    bounds: NDArray[np.int32]

    @classmethod
    def of(cls, segments: Sequence[Segment], codebook: Codebook) -> Heard:
        """What some segments of an index heard."""
        documents, parts = [], [np.zeros((0, codebook.stages.shape[2]), np.int8)]
        for segment in segments:
            for index in np.flatnonzero(segment.alive).tolist():
                codes = segment.part(index)
                if codes.filled:
                    documents.append(segment.documents[index])
                    parts.append(np.rint(vectors_of(codes, codebook) * SCALE).astype(np.int8))
        return cls(np.concatenate(parts), documents, np.cumsum([0, *map(len, parts[1:])], dtype=np.int32))

    def __len__(self) -> int:
        return len(self.vectors)

    def document_at(self, places: NDArray[np.int32]) -> NDArray[np.intp]:
        """[k] the document that has each of the vectors [k]."""
        return np.searchsorted(self.bounds, places, "right") - 1

    def hit(self, begin: int, end: int, score: float, step: float) -> Hit:
        """The vectors from `begin` up to, not with, `end` as a place in their recording, one each `step` seconds."""
        index = int(self.document_at(np.array([begin], np.int32))[0])
        first = int(self.bounds[index])
        return in_recording(self.documents[index], begin - first, end - first, step, score)
