"""Speech that is whistled: each word is a melody of five tones, so that its tokens and its times are known exactly."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile as sf

RATE, HOP = 16_000, 320
TONES = 400.0 * 1.12 ** np.arange(24)
TONE = 0.1  # seconds
WORDS = {
    word: np.random.default_rng(i).permutation(24)[:5]
    for i, word in enumerate(("river", "stone", "window", "garden", "letter", "summer", "candle", "bridge"))
}


def whistle(words, speaker, noise=0.01):
    """Samples [n] of words; a speaker is a little faster or slower than others."""
    rng = np.random.default_rng([speaker, len(words)])
    length = seconds_of_tone(speaker)
    t = np.arange(round(length * RATE)) / RATE
    tones = [np.sin(2 * np.pi * TONES[tone] * t) for word in words for tone in WORDS[word]]
    return (0.3 * np.concatenate(tones) + noise * rng.standard_normal(len(t) * len(tones))).astype(np.float32)


def seconds_of_tone(speaker):
    return TONE * (1 + 0.02 * (speaker % 5))


@dataclass
class LoudestTone:
    """Hears which tone is loudest in each frame."""

    rate: int = RATE
    seconds: float = HOP / RATE
    heard: list = field(default_factory=list)

    def __call__(self, recordings):
        from export.systems.system import Encoded  # noqa: PLC0415 - torch may be missing

        self.heard.append(len(recordings))
        return [Encoded(z, z.argmax(axis=1).astype(np.int32)) for z in map(self.vectors, recordings)]

    def vectors(self, samples):
        frames = samples[: max(1, len(samples) // HOP) * HOP].reshape(-1, HOP)
        power = np.abs(frames @ np.exp(-2j * np.pi * np.outer(np.arange(HOP) / RATE, TONES))).astype(np.float32) + 1e-6
        return power / np.linalg.norm(power, axis=1, keepdims=True)


@pytest.fixture
def encode():
    return LoudestTone()


def spoken(folder: Path, name, words, speaker, split=""):
    from export.corpora.utterance import Utterance, Word  # noqa: PLC0415

    path = folder / f"{name}.wav"
    samples = whistle(words, speaker)
    sf.write(path, samples, RATE)
    length = 5 * seconds_of_tone(speaker)
    times = tuple(Word(word, i * length, (i + 1) * length) for i, word in enumerate(words))
    return Utterance(path, f"s{speaker}", " ".join(words), split, times, len(samples) / RATE)


@pytest.fixture
def words(tmp_path):
    """Word sets of ten speakers with two utterances of six words each."""
    from export.corpora.utterance import excerpts  # noqa: PLC0415

    rng = np.random.default_rng(3)
    said = [spoken(tmp_path, f"u{i}", rng.choice(sorted(WORDS), 6).tolist(), speaker=i // 2) for i in range(20)]
    return SimpleNamespace(
        test=list(excerpts(said)), train=[], test_utterances=said, train_utterances=[], data="whistled"
    )


@pytest.fixture
def takes(tmp_path):
    """Recordings of single words: four speakers say each of three words six times."""
    return [
        spoken(tmp_path, f"{word}-{speaker}-{take}", [word], speaker)
        for speaker in range(4)
        for word in sorted(WORDS)[:3]
        for take in range(6)
    ]


@pytest.fixture
def experiment(tmp_path):
    from export.evaluate.experiment import Experiment  # noqa: PLC0415

    return Experiment(tmp_path / "results", tmp_path / "runs", tmp_path / "cache", systems=("stft", "tokb"), quick=True)
