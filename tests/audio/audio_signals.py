"""Synthesised audio, and ways to find it again."""

from pathlib import Path

import numpy as np
import soundfile


def tone(frequency: float, seconds: float, rate: int, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def chirp(seconds: float, rate: int, top: float = 3500.0) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * (100 * time + (top - 100) / (2 * seconds) * time**2))).astype(np.float32)


def click(at: float, seconds: float, rate: int) -> np.ndarray:
    """Silence with a 2 ms burst of 1 kHz under a bell, whose middle lies at `at` seconds."""
    time = np.arange(round(seconds * rate)) / rate - at
    return (0.8 * np.exp(-((time / 0.001) ** 2)) * np.cos(2 * np.pi * 1000 * time)).astype(np.float32)


def click_time(samples: np.ndarray, rate: int) -> float:
    return int(np.abs(samples).argmax()) / rate


def similarity(heard: np.ndarray, meant: np.ndarray) -> float:
    shortest = min(len(heard), len(meant))
    return float(np.corrcoef(heard[:shortest], meant[:shortest])[0, 1])


def write(path: Path, samples: np.ndarray, rate: int, **options: str) -> Path:
    # libsndfile's Vorbis encoder overflows its stack when it is given a long signal at once.
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(path, "w", rate, channels, **options) as file:
        for at in range(0, len(samples), 4096):
            file.write(samples[at : at + 4096])
    return path


def split(samples: np.ndarray, sizes: list[int]) -> list[np.ndarray]:
    """The signal in pieces of these sizes, over and over."""
    pieces, at = [], 0
    while at < len(samples):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(samples[at : at + size])
        at += size
    return pieces


def joined(blocks) -> np.ndarray:
    return np.concatenate([block.samples for block in blocks])
