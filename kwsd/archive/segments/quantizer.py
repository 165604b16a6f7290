"""The quantizer of an archive: frames to 12.5 residual codes a second, optionally with vectors in 8 bits.

Every other code is coded between its neighbours, see `kwsd.archive.segments.alternation`. So the last code of a
recording must be a whole one: if there are as many of both kinds, the last vector is coded twice. Another code fills
the row. Both have the norm EMPTY: they stand for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.alternation import BESIDE, OWN, bytes_between, width_of
from kwsd.archive.segments.beam import nearest_sums
from kwsd.tokenizer.codebook import MERGED, Codebook, Words, gathered, merged
from kwsd.tokenizer.frames import Frames

WIDTH = 8  # sums of code words that are followed up from stage to stage
AT_ONCE = 2048  # rows that are coded together: 20 MB of inner products
SHORTEST, LONGEST = 0.5, 1.2  # range of the length of a sum of code words that norms cover
NORMS = 16  # of a code, half a byte
EMPTY = 0  # the norm of an empty code, to which nothing is near
LENGTHS = np.linspace(SHORTEST, LONGEST, NORMS - 1)  # that the other norms stand for
PLAIN_LENGTHS = np.linspace(SHORTEST, LONGEST, NORMS)  # before format 5, which has whole codes only, and none empty
OLDER_LENGTHS = np.linspace(0.5, 1.5, 256)  # a byte a norm, before format 3
SCALE = 127.0  # of 8-bit vectors, whose components lie between -1 and 1


@dataclass(frozen=True)
class Codes:
    """A run of consecutive codes.

    Attributes:
        rows: uint8 [n / 2, w], see `kwsd.archive.segments.alternation`; [n, s] if they were written before format 5.
        norms: [n] uint8 from 0 to 15, how long the sum of the code words is: norm k is LENGTHS[k - 1], or
            PLAIN_LENGTHS[k].
        vectors: [n, m] int8, unit vectors times SCALE; [n, 0] if they are not stored.
    """

    rows: NDArray[np.uint8]
    norms: NDArray[np.uint8]
    vectors: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.norms)

    @property
    def alternate(self) -> bool:
        """Whether every other code is coded between its neighbours."""
        return len(self.rows) < len(self.norms)

    @property
    def filled(self) -> int:
        """The number of codes without the empty ones at the end of a recording."""
        return int(np.count_nonzero(self.norms != EMPTY)) if self.alternate else len(self.norms)

    def after(self, first: int) -> Codes:
        """The codes from an even index on."""
        row = first // 2 if self.alternate else first
        return Codes(self.rows[row:], self.norms[first:], self.vectors[first:])

    @classmethod
    def join(cls, parts: Iterable[Codes]) -> Codes:
        """Concatenate consecutive runs, at least one."""
        listed = list(parts)
        return cls(
            np.concatenate([p.rows for p in listed]),
            np.concatenate([p.norms for p in listed]),
            np.concatenate([p.vectors for p in listed]),
        )


class Quantizer:
    """A stream of frames to codes; any split of the frames gives the same codes.

    Args:
        codebook: of the tokenizer.
        stages: number of quantizer stages, one byte of a whole code each.
        vectors: also give the vectors.
    """

    def __init__(self, codebook: Codebook, stages: int, vectors: bool) -> None:
        self._all, self._stages, self._first = codebook, codebook.stages[:stages], Words(codebook.stages[0])
        self._whole = Codebook(codebook.centroids, self._stages)
        self._rest = Codebook(codebook.centroids, self._stages[1 : bytes_between(stages)])
        self._vectors = vectors
        self._waiting = Frames.none(codebook.stages.shape[2])

    def push(self, frames: Frames) -> Codes:
        """The codes that these frames complete; a code stands for MERGED frames, and waits for the one after it."""
        joined = Frames.join([self._waiting, frames])
        rows = max(0, len(joined) // MERGED - 1) // 2
        self._waiting = joined.part(2 * MERGED * rows, len(joined))
        return self._coded(merged(joined.vectors[: MERGED * (2 * rows + 1)])[: 2 * rows + 1])

    def ending(self) -> Codes:
        """The codes of the remaining frames, if any, with which a recording can end; the stream goes on."""
        return self.code(merged(self._waiting.vectors))

    def flush(self) -> Codes:
        """The same; then a new stream begins."""
        ending, self._waiting = self.ending(), self._waiting.part(0, 0)
        return ending

    def code(self, means: NDArray[np.float32]) -> Codes:
        """The codes of a recording from a whole code on: unit vectors [n, m] float32, each the mean of its frames."""
        if not len(means):
            return self._coded(means)
        count, last = len(means), self._whole_codes(means[-1:])
        means = np.concatenate([means, means[-1:]]) if count % 2 == 0 else means
        row = np.zeros((1, width_of(len(self._stages))), np.uint8)
        row[:, : last.shape[1]], row[:, last.shape[1]] = last, last[:, 0]
        norm = _norms(gathered(self._stages, last))[0] if count % 2 else EMPTY
        end = Codes(row, np.array([norm, EMPTY], np.uint8), self._kept(means[[-1, -1]]))
        return Codes.join([self._coded(means), end])

    def _coded(self, means: NDArray[np.float32]) -> Codes:
        """The rows of vectors [2 r + 1, m]; the last one stands beside the last row."""
        parts = [self._rows(means[first : first + 2 * AT_ONCE + 1]) for first in range(0, len(means) - 1, 2 * AT_ONCE)]
        nothing = np.zeros((0, width_of(len(self._stages))), np.uint8)
        rows = np.concatenate([nothing, *(rows for rows, _ in parts)])
        norms = np.concatenate([np.zeros(0, np.uint8), *(norms for _, norms in parts)])
        return Codes(rows, norms, self._kept(means[: len(norms)]))

    def _rows(self, means: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Rows and norms of vectors [2 r + 1, m]."""
        whole, odd = self._whole_codes(means[::2]), means[1::2]
        sums, own = gathered(self._stages, whole), self._first.nearest(odd)
        between = OWN * self._stages[0][own] + BESIDE * (sums[:-1] + sums[1:])
        rest = self._rest_codes(odd - between)
        for words, chosen in zip(self._rest.stages, rest.T, strict=True):
            between += words[chosen]
        rows = np.concatenate([whole[:-1], own.astype(np.uint8)[:, None], rest], axis=1)
        return rows, np.stack([_norms(sums[:-1]), _norms(between)], axis=1).reshape(-1)

    def _whole_codes(self, means: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Codes [n, s]: each word is chosen with a view to those of the later stages, not for itself alone."""
        return nearest_sums(*self._whole.sum_tables(means), self._all.crosses, WIDTH)

    def _rest_codes(self, left: NDArray[np.float32]) -> NDArray[np.uint8]:
        """[n, t] the words of the stages after the first that stand for what is left [n, m] of codes between others."""
        if not len(self._rest.stages):
            return np.zeros((len(left), 0), np.uint8)
        return nearest_sums(*self._rest.sum_tables(left), self._rest.crosses, WIDTH, first=WIDTH)

    def _kept(self, means: NDArray[np.float32]) -> NDArray[np.int8]:
        """Vectors [n, m] as they are stored."""
        kept = np.rint(means * SCALE).clip(-127, 127) if self._vectors else means[:, :0]
        return kept.astype(np.int8)


def _norms(sums: NDArray[np.float32]) -> NDArray[np.uint8]:
    """[n] the norms of sums of code words [n, m]."""
    return norms_of(np.linalg.norm(sums, axis=1), LENGTHS) + np.uint8(1)


def norms_of(lengths: NDArray[np.floating], scale: NDArray[np.floating]) -> NDArray[np.uint8]:
    """[n] which of the lengths of a scale, which ascend in equal steps, is nearest to each of these lengths [n]."""
    steps = np.rint((lengths - scale[0]) / (scale[-1] - scale[0]) * (len(scale) - 1))
    norms: NDArray[np.uint8] = steps.clip(0, len(scale) - 1).astype(np.uint8)
    return norms


def packed(norms: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[(n + 1) // 2] two norms [n] to a byte, the first in its lower half."""
    pairs = np.append(norms, np.zeros(len(norms) % 2, np.uint8)).reshape(-1, 2)
    return pairs[:, 0] | pairs[:, 1] << np.uint8(4)


def unpacked(pairs: NDArray[np.uint8], count: int, first: int = 0) -> NDArray[np.uint8]:
    """[count] the norms, from the `first` on, that were packed."""
    some = pairs[first // 2 : (first + count + 1) // 2]
    every: NDArray[np.uint8] = np.stack([some & np.uint8(15), some >> np.uint8(4)], axis=1).reshape(-1)
    return every[first % 2 : first % 2 + count]
