"""The recordings of any corpus: path, speaker, text, split, and the times of words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

from export.corpus import CorpusError


@dataclass(frozen=True)
class Word:
    """A word of an utterance, in lower case, and the seconds between which it is spoken."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Utterance:
    """One recording.

    Attributes:
        path: of its audio.
        speaker: an identifier; empty where the corpus does not say.
        text: what is said, in lower case; the label of a word, or of a melody.
        split: "train", "dev" or "test" where the corpus has splits of its own; else empty.
        words: when each word is spoken, in order; empty where the times are not known.
        seconds: how long it lasts; 0 where nobody looked.
        pitch: a file of pitches beside it, as MIR-QBSH has them.
    """

    path: Path
    speaker: str
    text: str
    split: str = ""
    words: tuple[Word, ...] = ()
    seconds: float = 0.0
    pitch: Path | None = None

    def samples(self, rate: int = 16_000) -> NDArray[np.float32]:
        """The whole recording [n], mono.

        Raises:
            CorpusError: the file is missing or cannot be decoded.
        """
        try:
            read, own = sf.read(self.path, dtype="float32", always_2d=True)
        except (OSError, sf.LibsndfileError) as error:
            raise CorpusError(f"{self.path} cannot be read ({error}): unpack the corpus again") from error
        return cast(NDArray[np.float32], soxr.resample(read.mean(axis=1), own, rate))


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a recording with a label: a spoken word, or a whole melody.

    Attributes:
        label: what is said or sung.
        start, end: seconds within the recording.
    """

    label: str
    utterance: Utterance
    start: float
    end: float

    @property
    def speaker(self) -> str:
        """Who says it."""
        return self.utterance.speaker


def excerpts(utterances: Iterable[Utterance], shortest: float = 0.3) -> Iterator[Excerpt]:
    """Every word that lasts `shortest` seconds or more, of utterances whose word times are known."""
    for utterance in utterances:
        for word in utterance.words:
            if word.end - word.start >= shortest:
                yield Excerpt(word.text, utterance, word.start, word.end)


def cut(chosen: Iterable[Excerpt], rate: int = 16_000) -> list[NDArray[np.float32]]:
    """The samples [n] of excerpts; a recording is decoded once where its excerpts follow one another."""
    found: list[NDArray[np.float32]] = []
    path, samples = None, np.zeros(0, np.float32)
    for excerpt in chosen:
        if excerpt.utterance.path != path:
            path, samples = excerpt.utterance.path, excerpt.utterance.samples(rate)
        found.append(samples[round(excerpt.start * rate) : round(excerpt.end * rate)])
    return found
