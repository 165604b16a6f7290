"""Recordings spoiled the way people's are: sounds beside the phrase, hum, clipping, low levels, echo, a pause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from benchmarks.corpora import RATE, Samples

ROOM_TONE = 0.8  # seconds of background added before and after a phrase
HUM = (50, 100, 150, 250, 350)  # Hz
QUIETEST = 1600  # samples over which the level of the background is measured


@dataclass(frozen=True)
class Said:
    """A phrase in parts, each with what was recorded around it.

    Attributes:
        parts: samples of the words of the phrase, at least one.
        other: samples of another word by another speaker.
    """

    parts: tuple[Samples, ...]
    other: Samples


Way = Callable[[Said, np.random.Generator], Samples]


def plain(said: Said, rng: np.random.Generator) -> Samples:
    """The phrase between two stretches of its own background noise."""
    return _surrounded(np.concatenate(said.parts), rng)


def wrong(said: Said, rng: np.random.Generator) -> Samples:
    """Another word instead."""
    return _surrounded(said.other, rng)


def clicked(said: Said, rng: np.random.Generator) -> Samples:
    """A click of 40 to 120 ms, as loud as the phrase, 0.1 to 0.5 s before or after it."""
    size = int(rng.uniform(0.04, 0.12) * RATE)
    click = rng.standard_normal(size) * np.exp(-np.linspace(0, 5, size))
    return _beside(said, _peaking(click, 1.0, said), rng, 0.1, 0.5)


def breathed(said: Said, rng: np.random.Generator) -> Samples:
    """A breath of 0.3 to 0.5 s, 6 to 14 dB below the phrase, 0.05 to 0.3 s before or after it."""
    size = int(rng.uniform(0.3, 0.5) * RATE)
    band = signal.butter(2, (500, 5000), "bandpass", fs=RATE, output="sos")
    breath = signal.sosfilt(band, rng.standard_normal(size)) * np.sin(np.linspace(0, np.pi, size)) ** 2
    return _beside(said, _peaking(breath, 10 ** (-rng.uniform(6, 14) / 20), said), rng, 0.05, 0.3)


def talked_over(said: Said, rng: np.random.Generator) -> Samples:
    """Another voice, up to 8 dB below the phrase, 0.35 to 0.7 s before or after it."""
    return _beside(said, _peaking(said.other, 10 ** (-rng.uniform(0, 8) / 20), said), rng, 0.0, 0.35)


def hummed(said: Said, rng: np.random.Generator) -> Samples:
    """Mains hum with harmonics up to 350 Hz, 5 to 15 dB below the phrase."""
    clean = plain(said, rng)
    time = np.arange(len(clean)) / RATE
    tones = [np.sin(2 * np.pi * hertz * time + rng.uniform(0, 6)) / (1 + hertz / 100) for hertz in HUM]
    return _added(clean, np.sum(tones, axis=0), 10 ** (-rng.uniform(5, 15) / 20))


def clipped(said: Said, rng: np.random.Generator) -> Samples:
    """Amplified by 15 to 30 dB over full scale and clipped."""
    clean = plain(said, rng)
    loud: Samples = np.clip(clean / np.abs(clean).max() * 10 ** (rng.uniform(15, 30) / 20), -1, 1).astype(np.float32)
    return loud


def quiet(said: Said, rng: np.random.Generator) -> Samples:
    """At 0.2 to 0.6 % of full scale, rounded to 16 bits."""
    clean = plain(said, rng)
    small = clean / np.abs(clean).max() * rng.uniform(0.002, 0.006)
    rounded: Samples = (np.round(small * 32768) / 32768).astype(np.float32)
    return rounded


def hissed(said: Said, rng: np.random.Generator) -> Samples:
    """White noise 10 dB below the phrase."""
    clean = plain(said, rng)
    return _added(clean, rng.standard_normal(len(clean)), 10 ** (-10 / 20))


def echoing(responses: NDArray[np.float16]) -> Way:
    """The phrase in one of these rooms."""

    def heard(said: Said, rng: np.random.Generator) -> Samples:
        clean = plain(said, rng)
        wet = signal.fftconvolve(clean, responses[rng.integers(len(responses))].astype(np.float32))[: len(clean)]
        level: Samples = (wet * (np.abs(clean).max() / np.abs(wet).max())).astype(np.float32)
        return level

    return heard


def paused(said: Said, rng: np.random.Generator) -> Samples:
    """0.4 to 0.8 s of background between the words of the phrase."""
    clean = np.concatenate(said.parts)
    gap = _background(clean, int(rng.uniform(0.4, 0.8) * RATE), rng)
    return _surrounded(np.concatenate([said.parts[0], gap, *said.parts[1:]]), rng)


def ways(responses: NDArray[np.float16]) -> Mapping[str, Way]:
    """Each way by its name; a pause is for phrases of two words only."""
    return {
        "as recorded": plain,
        "wrong word": wrong,
        "click": clicked,
        "breath": breathed,
        "second voice": talked_over,
        "pause": paused,
        "hum": hummed,
        "clipped": clipped,
        "quiet": quiet,
        "noise": hissed,
        "echo": echoing(responses),
    }


def spoken(samples: Samples, parts: tuple[Samples, ...]) -> tuple[float, float]:
    """Seconds in a spoiled recording at which the first of the parts starts and the last ends, by correlation."""
    first, last = (int(signal.fftconvolve(samples, part[::-1], "valid").argmax()) for part in (parts[0], parts[-1]))
    return first / RATE, (last + len(parts[-1])) / RATE


def _background(samples: Samples, size: int, rng: np.random.Generator) -> Samples:
    """White noise as loud as the quietest tenth of a second of a recording."""
    blocks = samples[: len(samples) // QUIETEST * QUIETEST].reshape(-1, QUIETEST)
    level = float(np.sqrt(np.mean(blocks**2, axis=1)).min())
    noise: Samples = (max(level, 1e-5) * rng.standard_normal(size)).astype(np.float32)
    return noise


def _surrounded(samples: Samples, rng: np.random.Generator) -> Samples:
    tone = _background(samples, int(ROOM_TONE * RATE), rng)
    return np.concatenate([tone, samples, tone[::-1]])


def _peaking(sound: NDArray[np.float64] | Samples, gain: float, said: Said) -> Samples:
    """A sound whose largest magnitude is that of the phrase times a gain."""
    peak = max(float(np.abs(part).max()) for part in said.parts)
    scaled: Samples = (sound * (gain * peak / np.abs(sound).max())).astype(np.float32)
    return scaled


def _beside(said: Said, sound: Samples, rng: np.random.Generator, nearest: float, farthest: float) -> Samples:
    """The phrase with a sound so many seconds before or after it."""
    phrase = np.concatenate(said.parts)
    gap = _background(phrase, int(rng.uniform(nearest, farthest) * RATE), rng)
    order = [sound, gap, phrase] if rng.random() < 0.5 else [phrase, gap, sound]
    return _surrounded(np.concatenate(order), rng)


def _added(clean: Samples, sound: NDArray[np.float64], gain: float) -> Samples:
    """A sound added at a ratio to the power of the recording's louder half."""
    loud = np.sqrt(np.mean(np.sort(clean**2)[len(clean) // 2 :]))
    mixed: Samples = (clean + sound * (gain * loud / np.sqrt(np.mean(sound**2)))).astype(np.float32)
    return mixed
