"""The evaluation data as streams: clips of two wake words, other words, noise, and an unbroken background."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from export import corpus

RATE = 16_000
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """A test recording of a keyword, with the seconds between which the word is spoken."""

    keyword: str
    samples: Samples
    start: float
    end: float


class Protocol:
    """`../shared/eval`, read as its README says; everything drawn at random is drawn from one seed."""

    def __init__(self, shared: Path, seed: int = 7) -> None:
        self.shared, self._rng = shared, np.random.default_rng(seed)
        self._cache = corpus.default_cache()
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
            Clip(keyword, corpus.read(self.shared / "eval" / t["path"]), t["word_start"], t["word_end"])
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
        for clip in corpus.clips(self.shared, "speech-commands", self._cache, "dev"):
            yield corpus.read(clip.path)

    def background(self) -> Iterator[Samples]:
        """The `dev` split of LibriSpeech in manifest order."""
        for clip in corpus.clips(self.shared, "librispeech", self._cache, "dev"):
            yield corpus.read(clip.path)

    def _noise(self, samples: int) -> Samples:
        """A random stretch of a random clip that can be read and is not silent there."""
        clips = corpus.clips(self.shared, "esc10-noise", self._cache)
        while True:
            try:
                noise = corpus.read(clips[self._rng.integers(len(clips))].path)
            except corpus.CorpusError:
                continue
            first = int(self._rng.integers(max(1, len(noise) - samples)))
            noise = np.resize(noise[first:], samples)
            if np.sqrt(np.mean(noise**2)) > 1e-4:
                return noise
