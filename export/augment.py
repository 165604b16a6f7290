"""What rooms, microphones and neighbours do to speech, on the fly: reverberation, colour, noise, gain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

RATE = 16_000
Samples = NDArray[np.float32]


def scaled(x: Samples, gain: float) -> Samples:
    """The samples times a gain, still float32."""
    out: Samples = x * np.float32(gain)
    return out


def _rms(x: Samples) -> float:
    return float(np.sqrt(np.mean(x * x)) + 1e-6)


def room(rng: np.random.Generator) -> Samples:
    """An impulse response: a direct path without delay and an exponential tail, 0.1 to 0.8 s to fall by 60 dB."""
    seconds = rng.uniform(0.1, 0.8)
    n = int(seconds * RATE)
    tail = rng.standard_normal(n).astype(np.float32) * np.exp(-6.9 * np.arange(n) / n).astype(np.float32)
    tail[: int(rng.uniform(0.002, 0.02) * RATE)] = 0
    direct_to_tail = 10 ** (rng.uniform(-3, 12) / 20)
    tail *= 1 / (direct_to_tail * np.sqrt(np.sum(tail * tail)) + 1e-9)
    tail[0] = 1
    return tail


def colour(rng: np.random.Generator, bins: int) -> Samples:
    """A smooth random frequency response [bins]; one in five is a telephone's band."""
    octaves = np.log2(np.linspace(50, RATE / 2, bins) / 50)
    knots = np.linspace(0, octaves[-1], 7)
    decibels = np.interp(octaves, knots, rng.normal(0, 3, len(knots)))
    if rng.random() < 0.2:
        hertz = np.linspace(0, RATE / 2, bins)
        decibels -= 30 * ((hertz < rng.uniform(100, 350)) | (hertz > rng.uniform(3200, 5000)))
    return (10 ** (decibels / 20)).astype(np.float32)


def filtered(x: Samples, rng: np.random.Generator, reverberate: float, recolour: float) -> Samples:
    """The window heard through a room and a microphone, each with the given probability, level kept."""
    size = fft.next_fast_len(len(x) + RATE)
    response = np.ones(size // 2 + 1, np.complex64)
    if rng.random() < reverberate:
        response = response * fft.rfft(room(rng), size)
    if rng.random() < recolour:
        response = response * colour(rng, len(response))
    out = fft.irfft(fft.rfft(x, size) * response, size)[: len(x)].astype(np.float32)
    return scaled(out, _rms(x) / _rms(out))


def white(n: int, rng: np.random.Generator) -> Samples:
    """Noise with a random spectral tilt, from white to brown."""
    spectrum = fft.rfft(rng.standard_normal(n).astype(np.float32))
    tilt = np.arange(1, len(spectrum) + 1, dtype=np.float32) ** np.float32(-rng.uniform(0, 1))
    out: Samples = fft.irfft(spectrum * tilt, n).astype(np.float32)
    return out


def mixed(x: Samples, noise: Samples, decibels: float) -> Samples:
    """Speech with noise at a signal-to-noise ratio in dB."""
    return x + scaled(noise, _rms(x) / _rms(noise) * 10 ** (-decibels / 20))


def gained(x: Samples, rng: np.random.Generator) -> Samples:
    """The window at a level that some microphone would give it, clipped at full scale."""
    decibels = rng.uniform(-45, -15)
    return np.clip(scaled(x, 10 ** (decibels / 20) / _rms(x)), -1, 1)
