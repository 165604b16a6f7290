"""A simulated room: what a microphone in it hears of a voice, by the image-source method (Allen & Berkley 1979)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.source import RATE, Samples

SOUND = 343.0  # m/s
SABINE = 0.161  # s/m
FLOOR = 40.0  # Hz; below it the noise rises no more


@dataclass(frozen=True)
class Room:
    """A room in which somebody speaks.

    Attributes:
        name: for reports.
        size: length, width and height in m.
        distance: m from the mouth to the microphone.
        reverberation: seconds in which sound dies away by 60 dB (RT60), by Sabine's formula; between even walls it
            takes up to a half longer.
        noise: dB of the noise in it below the speech.
    """

    name: str
    size: tuple[float, float, float]
    distance: float
    reverberation: float
    noise: float

    def heard(self, speech: Samples, rng: np.random.Generator) -> Samples:
        """The speech [n] as it is heard here, with half a second of the room's noise before and after it."""
        response = self.response(rng)
        around = RATE // 2
        padded = np.pad(speech.astype(np.float64), (around, around + len(response) - 1))
        length = len(padded) + len(response) - 1
        wet = np.fft.irfft(np.fft.rfft(padded, length) * np.fft.rfft(response, length), length)[: len(padded)]
        level = np.sqrt(np.mean(speech**2)) * 10 ** (-self.noise / 20)
        mixed = wet + level * _noise(len(wet), rng)
        quieter: Samples = (mixed * min(1.0, 0.9 / np.abs(mixed).max())).astype(np.float32)
        return quieter

    def response(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """The room response [n] at 16 kHz between two places, the direct sound at 0 with a gain of 1."""
        size = np.array(self.size)
        mouth, ear = self._places(size, rng)
        surface = 2 * (size[0] * size[1] + size[1] * size[2] + size[2] * size[0])
        absorbed = min(SABINE * size.prod() / (surface * self.reverberation), 0.99)
        most = [int(np.ceil(self.reverberation * SOUND / (2 * side))) for side in size]
        far, bounces = zip(*(_images(*one) for one in zip(mouth, ear, size, most, strict=True)), strict=True)
        way = np.sqrt(_sums(*(axis**2 for axis in far)))
        gain = np.sqrt(1 - absorbed) ** _sums(*bounces) / way
        direct = float(np.linalg.norm(mouth - ear))
        delay = np.round((way - direct) / SOUND * RATE).astype(int)
        within = delay < self.reverberation * RATE
        heard: NDArray[np.float64] = np.bincount(delay[within], gain[within] * direct).astype(np.float64)
        return heard

    def _places(self, size: NDArray[np.float64], rng: np.random.Generator) -> tuple[NDArray[np.float64], ...]:
        """Where the mouth and the microphone are: nearest to `distance` apart of some random places."""
        mouths, ears = rng.uniform(0.1, 0.9, (2, 100, 3)) * size
        best = np.abs(np.linalg.norm(mouths - ears, axis=1) - self.distance).argmin()
        return mouths[best], ears[best]


def _images(mouth: float, ear: float, side: float, most: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Along one axis: how far each image of the mouth is from the ear, and how often its sound has met a wall."""
    copies = np.arange(-most, most + 1)
    same, mirrored = 2 * copies * side + mouth, 2 * copies * side - mouth
    met = np.concatenate([2 * np.abs(copies), np.abs(2 * copies - 1)]).astype(np.float64)
    return np.concatenate([same, mirrored]) - ear, met


def _sums(x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """[i, j, k] all sums of an element of each, flat."""
    total: NDArray[np.float64] = (x[:, None, None] + y[:, None] + z).ravel()
    return total


def _noise(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise like that of air at RMS 1: the louder the lower."""
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / RATE), FLOOR)
    shaped = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * frequency**-0.7, n)
    noise: NDArray[np.float64] = shaped / shaped.std()
    return noise
