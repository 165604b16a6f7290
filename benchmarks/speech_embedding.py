"""Google's speech embedding with the interface of a tokenizer, so that it goes through the same matching."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from benchmarks import corpora
from benchmarks.measures import frames_of
from export import teacher
from export.bank import speech
from export.codes import fit
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import Codebook
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

MEASURED, BANK = 0.25, 0.7  # hours of speech that the mean is measured on, and that the bank holds
SEED = 20261121


class SpeechEmbedding:
    """Google's speech embedding with its mean over speech taken off: the check that our encoder must beat."""

    digest = "speech-embedding"
    rate, hop, delay = corpora.RATE, 0.04, 0.28

    def __init__(self, shared: Path) -> None:
        """Measure the mean on speech of the training split below `shared`."""
        self._teacher = teacher.Teacher()
        prose = np.concatenate(list(speech(shared, MEASURED, seed=SEED)))
        self._mean = self._teacher(prose).mean(axis=0)
        self.codebook = Codebook(np.zeros((0, 0), np.float32), np.zeros((0, 256, teacher.DIM), np.float32))
        self.reset()

    def push(self, samples: NDArray[np.float32]) -> Frames:
        """Nothing yet: the teacher is run over the whole stream at `flush`."""
        self._samples.append(samples)
        return Frames(np.zeros(0), np.zeros((0, teacher.DIM), np.float32), np.zeros(0, np.int32))

    def flush(self) -> Frames:
        """All frames of the stream, a minute at a time, as if silence followed."""
        quiet = np.zeros(int(self.delay * self.rate), np.float32)
        stream = np.concatenate([np.zeros(teacher.WINDOW, np.float32), *self._samples, quiet])
        parts = [
            self._teacher(stream[first : first + teacher.CHUNK + teacher.WINDOW - teacher.HOP])
            for first in range(0, len(stream) - teacher.WINDOW - teacher.HOP, teacher.CHUNK)
        ]
        vectors = np.concatenate(parts) - self._mean
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        ends = np.arange(len(vectors), dtype=np.float64) * self.hop
        self.reset()
        return Frames(ends - self.delay, vectors.astype(np.float32), np.zeros(len(vectors), np.int32))

    def reset(self) -> None:
        """Forget the stream."""
        self._samples: list[NDArray[np.float32]] = []


def loaded(shared: Path) -> tuple[Tokenizer, Bank]:
    """The speech embedding in the place of the tokenizer, and its bank: training speech, in codes of its own."""
    embedding = SpeechEmbedding(shared)
    tokenizer = cast(Tokenizer, embedding)
    background = frames_of(tokenizer, speech(shared, BANK, seed=SEED))
    codebook = Codebook(embedding.codebook.centroids, fit(background.vectors, SEED))
    return tokenizer, Bank.of(background, codebook, embedding.hop, embedding.digest)
