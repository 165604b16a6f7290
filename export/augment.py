"""What rooms, microphones, neighbours and devices do to speech, on the fly."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import fft

RATE = 16_000
Samples = NDArray[np.float32]
Rooms = NDArray[np.float16]  # [rooms, samples] impulse responses, see `export.rooms`
BLOCK = 160  # samples between values of an automatic gain, 10 ms
FRAME = 512  # samples of the frames in which noise is suppressed
HANN = np.hanning(FRAME + 1)[:FRAME].astype(np.float32)


def scaled(x: Samples, gain: float) -> Samples:
    """The samples times a gain, still float32."""
    out: Samples = x * np.float32(gain)
    return out


def _rms(x: Samples) -> float:
    return float(np.sqrt(np.mean(x * x)) + 1e-6)


def reverberation(rng: np.random.Generator, rooms: Rooms) -> Samples:
    """A room's impulse response with the direct sound at 1 and the rest up to 12 dB weaker than it was simulated."""
    response: Samples = rooms[rng.integers(len(rooms))].astype(np.float32)
    response[1:] *= np.float32(10 ** (rng.uniform(-12, 0) / 20))
    return response


def colour(rng: np.random.Generator, bins: int) -> Samples:
    """A smooth random frequency response [bins]; one in five is a telephone's band."""
    octaves = np.log2(np.linspace(50, RATE / 2, bins) / 50)
    knots = np.linspace(0, octaves[-1], 7)
    decibels = np.interp(octaves, knots, rng.normal(0, 3, len(knots)))
    if rng.random() < 0.2:
        hertz = np.linspace(0, RATE / 2, bins)
        decibels -= 30 * ((hertz < rng.uniform(100, 350)) | (hertz > rng.uniform(3200, 5000)))
    return (10 ** (decibels / 20)).astype(np.float32)


def filtered(x: Samples, rng: np.random.Generator, reverberate: float, recolour: float, rooms: Rooms) -> Samples:
    """The window heard through a room and a microphone, each with the given probability, level kept."""
    size = fft.next_fast_len(len(x) + rooms.shape[1])
    response = np.ones(size // 2 + 1, np.complex64)
    if rng.random() < reverberate:
        response = response * fft.rfft(reverberation(rng, rooms), size)
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


def levelled(x: Samples, rng: np.random.Generator) -> Samples:
    """The window after an automatic gain control: quiet parts are raised, loud ones lowered, with some delay."""
    blocks = np.pad(x, (0, -len(x) % BLOCK)).reshape(-1, BLOCK)
    level = 10 * np.log10(np.mean(blocks * blocks, axis=1) + 1e-9)
    attack, release = 1 / rng.uniform(2, 10), 1 / rng.uniform(20, 150)
    held = np.empty_like(level)
    now = float(level[0])
    for i, loud in enumerate(level.tolist()):
        now += (attack if loud > now else release) * (loud - now)
        held[i] = now
    gain = 10 ** (np.clip(rng.uniform(0.3, 0.9) * (held.max() - held), 0, rng.uniform(10, 30)) / 20)
    centres = (np.arange(len(level)) + 0.5) * BLOCK
    out: Samples = (x * np.interp(np.arange(len(x)), centres, gain)).astype(np.float32)
    return out


def suppressed(x: Samples, rng: np.random.Generator) -> Samples:
    """The window after a simple noise suppression: spectral subtraction with a floor, which leaves musical noise."""
    padded = np.pad(x, (FRAME, FRAME + -len(x) % (FRAME // 2)))
    frames = sliding_window_view(padded, FRAME)[:: FRAME // 2] * HANN
    spectrum = fft.rfft(frames, axis=1)
    power = np.abs(spectrum) ** 2
    noise = np.percentile(power, rng.uniform(10, 30), axis=0) * rng.uniform(1, 4)
    kept = np.sqrt(np.maximum(1 - noise / (power + 1e-12), 10 ** (-rng.uniform(10, 25) / 10)))
    parts = fft.irfft(spectrum * kept, FRAME, axis=1).astype(np.float32)
    out = np.zeros(len(padded), np.float32)
    out[: len(parts[::2]) * FRAME] += parts[::2].ravel()
    odd = parts[1::2].ravel()
    out[FRAME // 2 : FRAME // 2 + len(odd)] += odd
    return out[FRAME : FRAME + len(x)]


def gained(x: Samples, rng: np.random.Generator, overdriven: float) -> Samples:
    """The window at a level that some microphone would give it, clipped at full scale, sometimes hard."""
    decibels = rng.uniform(-15, 0) if rng.random() < overdriven else rng.uniform(-50, -15)
    return np.clip(scaled(x, 10 ** (decibels / 20) / _rms(x)), -1, 1)
