"""The evaluation protocol: clips of two wake words, other words, noise, and an unbroken background of read prose."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.corpora import RATE, Samples

Stream = TypeVar("Stream")


@dataclass(frozen=True)
class Clip:
    """A test recording of a keyword, with the seconds between which the word is spoken."""

    keyword: str
    samples: Samples
    start: float
    end: float


@dataclass(frozen=True)
class Audio(Generic[Stream]):
    """All audio of the protocol as one encoder represents it.

    Attributes:
        clean, noisy: the test clips of all keywords, without and with noise.
        words: the clips of other words.
        background: one unbroken stream.
        labels: [clips] the keyword of each test clip.
    """

    clean: list[Stream]
    noisy: list[Stream]
    words: list[Stream]
    background: Stream
    labels: NDArray[np.str_]


class Protocol:
    """`../shared/eval`, read as its README says; everything drawn at random is drawn from one seed."""

    def __init__(self, shared: Path, seed: int = 7) -> None:
        self.shared, self._rng = shared, np.random.default_rng(seed)
        facts = shared / "eval" / "protocol.json"
        if not facts.exists():
            raise click.ClickException(f"{facts} is not there: pass --shared the folder that holds eval and corpus")
        self._facts: dict[str, Any] = json.loads(facts.read_text())["keywords"]
        self.keywords = list(self._facts)

    def draws(self, keyword: str) -> list[list[Path]]:
        """The enrolment recordings of each draw."""
        return [[self.shared / "eval" / path for path in draw] for draw in self._facts[keyword]["enrol"]]

    def clips(self) -> list[Clip]:
        """All test recordings of all keywords."""
        return [
            Clip(keyword, corpora.read(self.shared / "eval" / t["path"]), t["word_start"], t["word_end"])
            for keyword in self.keywords
            for t in self._facts[keyword]["test"]
        ]

    def padded(self, samples: Samples) -> Samples:
        """A clip between two seconds of white noise at -60 dBFS."""
        quiet = self._rng.standard_normal((2, RATE)).astype(np.float32) * np.float32(10 ** (-60 / 20))
        return np.concatenate([quiet[0], samples, quiet[1]])

    def noisy(self, clip: Clip, decibels: float = 10.0) -> Samples:
        """A clip with environmental noise at a ratio to the power within the word."""
        word = clip.samples[int(clip.start * RATE) : int(clip.end * RATE)]
        noise = self._noise(len(clip.samples))
        gain = np.sqrt(np.mean(word**2)) / (np.sqrt(np.mean(noise**2)) + 1e-9) * 10 ** (-decibels / 20)
        mixed: Samples = clip.samples + noise * np.float32(gain)
        return mixed

    def other_words(self) -> Iterator[Samples]:
        """The `dev` clips of Speech Commands."""
        return corpora.samples(corpora.clips(self.shared, "speech-commands", "dev"))

    def background(self) -> Iterator[Samples]:
        """The `dev` split of LibriSpeech in manifest order."""
        return corpora.samples(corpora.clips(self.shared, "librispeech", "dev"))

    def encoded(self, encode: Callable[[Iterable[Samples]], Stream], every: int = 1) -> Audio[Stream]:
        """Everything as an encoder makes it of consecutive pieces of audio; of the other words one in `every`."""
        clips, words = self.clips(), (x for i, x in enumerate(self.other_words()) if i % every == 0)
        return Audio(
            [encode([self.padded(c.samples)]) for c in tqdm(clips, desc="clips")],
            [encode([self.padded(self.noisy(c))]) for c in tqdm(clips, desc="noisy clips")],
            [encode([self.padded(x)]) for x in tqdm(words, desc="other words")],
            encode(tqdm(self.background(), desc="background")),
            np.array([c.keyword for c in clips]),
        )

    def _noise(self, samples: int) -> Samples:
        """A random stretch of a random clip that can be read and is not silent there."""
        clips = corpora.clips(self.shared, "esc10-noise")
        while True:
            try:
                noise = corpora.read(clips[self._rng.integers(len(clips))].path)
            except corpora.CorpusError:
                continue
            first = int(self._rng.integers(max(1, len(noise) - samples)))
            noise = np.resize(noise[first:], samples)
            if np.sqrt(np.mean(noise**2)) > 1e-4:
                return noise
