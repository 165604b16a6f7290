"""Impulse responses of simulated rooms with a microphone 0.5 to 5 m away, made once and kept in the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import trange

from export.corpus import RATE, CorpusError

COUNT = 400
SMALLEST, LARGEST = (2.0, 2.0, 2.2), (9.0, 7.0, 3.5)  # metres
DISTANCE = (0.5, 5.0)  # metres from the mouth to the microphone
DECAY = (0.15, 0.9)  # seconds to fall by 60 dB
WALL = 0.3  # metres that mouth and microphone keep from every wall
LENGTH = int(0.8 * RATE)  # samples kept of a response
REFLECTIONS = 4  # order up to which reflections are computed from images; rays carry the rest


def path_of(cache: Path) -> Path:
    """Where the responses are kept."""
    return cache / "train" / "rooms.npy"


def prepare(cache: Path, seed: int, count: int = COUNT) -> None:
    """Write [count, LENGTH] float16 responses, the direct sound first and at 1, if they are not there."""
    path = path_of(cache)
    if path.exists():
        return
    rng = np.random.default_rng((seed, 1))
    responses = np.stack([response(rng) for _ in trange(count, desc="rooms", unit="room")])
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.save(file, responses.astype(np.float16))
    part.replace(path)


def load(cache: Path) -> NDArray[np.float16]:
    """The responses as a read-only memory map [count, LENGTH].

    Raises:
        CorpusError: they were not made.
    """
    path = path_of(cache)
    if not path.exists():
        raise CorpusError(f"{path} is not there: run `python -m export.prepare` first")
    responses: NDArray[np.float16] = np.load(path, mmap_mode="r")
    return responses


def response(rng: np.random.Generator) -> NDArray[np.float32]:
    """A random room's response [LENGTH] from a mouth to a microphone: the direct sound without delay, at 1."""
    import pyroomacoustics as pra  # noqa: PLC0415 - an extra, needed by no other module

    pra.random.seed(int(rng.integers(2**31)))
    size = rng.uniform(SMALLEST, LARGEST)
    mouth, microphone = _places(rng, size)
    absorption, _ = pra.inverse_sabine(max(rng.uniform(*DECAY), _shortest_decay(size)), size)
    room = pra.ShoeBox(
        size,
        fs=RATE,
        materials=pra.Material(min(absorption, 0.95)),
        max_order=REFLECTIONS,
        ray_tracing=True,
        air_absorption=True,
    )
    room.add_source(mouth)
    room.add_microphone(microphone)
    room.compute_rir()
    return _trimmed(np.asarray(room.rir[0][0], np.float32))


def _places(rng: np.random.Generator, size: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A mouth and a microphone in a room, as far apart as was drawn, or as the room lets them be."""
    wanted = rng.uniform(*DISTANCE)
    pairs = rng.uniform(WALL, size - WALL, (64, 2, 3))
    distances = np.linalg.norm(pairs[:, 0] - pairs[:, 1], axis=1)
    mouth, microphone = pairs[np.abs(distances - wanted).argmin()]
    return mouth, microphone


def _shortest_decay(size: NDArray[np.float64]) -> float:
    """The decay (Sabine) of a room whose walls swallow nine tenths of the sound; shorter ones cannot be simulated."""
    x, y, z = size
    return float(0.161 * x * y * z / (0.9 * 2 * (x * y + y * z + x * z)))


def _trimmed(whole: NDArray[np.float32]) -> NDArray[np.float32]:
    direct = int(np.abs(whole).argmax())
    cut = whole[direct : direct + LENGTH] / whole[direct]
    return np.pad(cut, (0, LENGTH - len(cut)))
