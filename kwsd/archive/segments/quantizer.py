"""The quantizer of an archive: frames to 12.5 residual codes a second, optionally with vectors in 8 bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.beam import nearest_sums
from kwsd.tokenizer.codebook import MERGED, Codebook, gathered, merged
from kwsd.tokenizer.frames import Frames

WIDTH = 8  # sums of code words that are followed up from stage to stage
AT_ONCE = 4096  # vectors that are coded together: 20 MB of inner products
SHORTEST, LONGEST = 0.5, 1.2  # range of the length of a sum of code words that norms cover
NORMS = 16  # of a code, half a byte
GAINS: NDArray[np.float32] = (1 / np.linspace(SHORTEST, LONGEST, NORMS)).astype(np.float32)
OLDER_LENGTHS = np.linspace(0.5, 1.5, 256)  # a byte a norm, before format 3
OLDER_GAINS: NDArray[np.float32] = (1 / OLDER_LENGTHS).astype(np.float32)
SCALE = 127.0  # of 8-bit vectors, whose components lie between -1 and 1


@dataclass(frozen=True)
class Codes:
    """A run of consecutive codes.

    Attributes:
        codes: [n, s] uint8, see `kwsd.tokenizer.codebook`.
        norms: [n] uint8 from 0 to 15; GAINS[norm] makes the sum of the code words nearly a unit vector.
        vectors: [n, m] int8, unit vectors times SCALE; [n, 0] if they are not stored.
    """

    codes: NDArray[np.uint8]
    norms: NDArray[np.uint8]
    vectors: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.codes)

    def part(self, first: int, last: int) -> Codes:
        """The codes with indices in [first, last)."""
        return Codes(self.codes[first:last], self.norms[first:last], self.vectors[first:last])

    @classmethod
    def join(cls, parts: Iterable[Codes]) -> Codes:
        """Concatenate consecutive runs, at least one."""
        listed = list(parts)
        return cls(
            np.concatenate([p.codes for p in listed]),
            np.concatenate([p.norms for p in listed]),
            np.concatenate([p.vectors for p in listed]),
        )


class Quantizer:
    """A stream of frames to codes; any split of the frames gives the same codes.

    Args:
        codebook: of the tokenizer.
        stages: number of quantizer stages, one byte of a code each.
        vectors: also give the vectors.
    """

    def __init__(self, codebook: Codebook, stages: int, vectors: bool) -> None:
        self._whole, self._codebook = codebook, Codebook(codebook.centroids, codebook.stages[:stages])
        self._vectors = vectors
        self._waiting = Frames.none(codebook.stages.shape[2])

    def push(self, frames: Frames) -> Codes:
        """The codes that these frames complete; a code stands for MERGED frames."""
        joined = Frames.join([self._waiting, frames])
        whole = len(joined) // MERGED * MERGED
        self._waiting = joined.part(whole, len(joined))
        return self.code(merged(joined.vectors[:whole]))

    def flush(self) -> Codes:
        """The code of the remaining frames, if any; then a new stream begins."""
        left, self._waiting = self._waiting, self._waiting.part(0, 0)
        return self.code(merged(left.vectors))

    def code(self, means: NDArray[np.float32]) -> Codes:
        """The codes of unit vectors [n, m] float32, each the mean of a code's frames."""
        codes = self._encoded(means)
        lengths = np.linalg.norm(gathered(self._codebook.stages, codes), axis=1)
        kept = np.rint(means * SCALE).clip(-127, 127) if self._vectors else means[:, :0]
        return Codes(codes, norms_of(lengths), kept.astype(np.int8))

    def _encoded(self, means: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Codes [n, s]: each word is chosen with a view to those of the later stages, not for itself alone."""
        parts = [
            nearest_sums(*self._codebook.sum_tables(means[first : first + AT_ONCE]), self._whole.crosses, WIDTH)
            for first in range(0, len(means), AT_ONCE)
        ]
        return np.concatenate([np.empty((0, len(self._codebook.stages)), np.uint8), *parts])


def norms_of(lengths: NDArray[np.floating]) -> NDArray[np.uint8]:
    """[n] the norms of sums of these lengths [n]."""
    steps = np.rint((lengths - SHORTEST) / (LONGEST - SHORTEST) * (NORMS - 1))
    norms: NDArray[np.uint8] = steps.clip(0, NORMS - 1).astype(np.uint8)
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
