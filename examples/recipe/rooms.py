"""Rooms that speech is heard in, and the noises of those rooms."""

import numpy as np
import pyroomacoustics
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from voices import RATE, Audio

WALL = 0.5  # m that speaker and microphone keep from the walls
SPEECH_FLOOR = 0.1  # a sample counts as speech within 20 dB of the loudest


def response(size: list[float], reverberation: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a room response (gain 1, at sample 0, for the direct path) between two random places.

    size: m; reverberation: RT60 in s.
    """
    absorption, order = pyroomacoustics.inverse_sabine(reverberation, size)
    material = pyroomacoustics.Material(absorption)
    room = pyroomacoustics.ShoeBox(size, fs=RATE, materials=material, max_order=min(order, 30))
    mouth, ear = (rng.uniform(WALL, np.array(size) - WALL) for _ in range(2))
    room.add_source(mouth)
    room.add_microphone(ear)
    room.compute_rir()
    # The direct path is delayed by the way through the air and by half the length of the interpolation filter.
    way = np.linalg.norm(mouth - ear) / room.c * RATE
    direct = round(way + pyroomacoustics.constants.get("frac_delay_length") // 2)
    heard = room.rir[0][0][direct:]
    return heard / np.abs(heard[:2]).max()


def placed(speech: Audio, heard: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the speech as heard through a room response, with its reverberant tail."""
    return fftconvolve(speech, heard)


def speech_level(samples: NDArray[np.float64]) -> float:
    """Return the RMS of the parts that are speech."""
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    rms = np.sqrt((frames**2).mean(axis=1))
    return float(np.sqrt((rms[rms > SPEECH_FLOOR * rms.max()] ** 2).mean()))


def noise(kind: str, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return n samples of a room's noise at RMS 1: `air`, `hum` or `rain`."""
    made = {"air": _air, "hum": _hum, "rain": _rain}[kind](n, rng)
    return made / np.sqrt((made**2).mean())


def babble(speech: list[Audio], n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return n samples at RMS 1 of all these people talking at once, each beginning anywhere."""
    mixed = sum(np.roll(np.resize(s, n), rng.integers(n)) / np.std(s) for s in speech)
    return mixed / np.std(mixed)


def _shaped(n: int, rng: np.random.Generator, slope: float) -> NDArray[np.float64]:
    """Return Gaussian noise whose amplitude goes as frequency to the power of `slope` above 40 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 40.0)
    return np.fft.irfft(spectrum * frequency**slope, n)


def _air(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return _shaped(n, rng, -0.7)


def _hum(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a refrigerator: harmonics of 50 Hz over air."""
    t = np.arange(n) / RATE
    tones = sum(np.sin(2 * np.pi * (50 * k * t + rng.uniform())) / k for k in range(1, 9))
    air = _air(n, rng)
    return tones + 0.5 * air / np.std(air)


def _rain(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return rain on a window: a hiss, and forty short drops a second."""
    hiss = _shaped(n, rng, -0.3)
    drops = rng.exponential(1.0, n) * (rng.random(n) < 40 / RATE)
    drop = np.sin(2 * np.pi * 2200 * np.arange(80) / RATE) * np.exp(-np.arange(80) / 16)
    return hiss / np.std(hiss) + 1.5 * np.convolve(drops, drop)[:n]
