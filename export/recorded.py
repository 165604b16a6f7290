"""The prepared speech as telephones and recorders keep it, sample for sample: with noise, coded, with losses."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export import augment, codecs, corpus

PIECE = 20 * corpus.RATE  # samples that go through one codec
NOISY = 0.5  # share of the pieces that had noise before they were coded
RATIO = (5.0, 30.0)  # decibels of speech to that noise
LOSSY = 0.25  # share of the pieces that lost packets
LOST = (0.01, 0.1)  # share of their packets


def path_of(cache: Path, stem: str) -> Path:
    """Where the recorded form of a prepared stream is kept."""
    return cache / "train" / f"{stem}.recorded"


def prepare(cache: Path, stem: str, seed: int, workers: int | None = None) -> None:
    """Write the recorded form of a stream, int16 and as long as the stream, if it is not there."""
    out = path_of(cache, stem)
    if out.exists():
        return
    pcm = corpus.stream(cache, stem)
    part = out.with_suffix(".recorded.part")
    firsts = range(0, len(pcm), PIECE)
    with part.open("wb") as file, ProcessPoolExecutor(workers) as pool:
        made = pool.map(partial(_piece, cache, stem, seed), firsts, chunksize=4)
        for piece in tqdm(made, total=len(firsts), desc=f"record {stem}", unit="piece"):
            piece.tofile(file)
    part.replace(out)


def load(cache: Path, stem: str) -> NDArray[np.int16] | None:
    """A recorded stream as a read-only memory map [samples] at 16 kHz; None if this stream has none."""
    path = path_of(cache, stem)
    return np.memmap(path, dtype=np.int16, mode="r") if path.exists() else None


def _piece(cache: Path, stem: str, seed: int, first: int) -> NDArray[np.int16]:
    """What is kept of the piece that begins at a sample."""
    rng = np.random.default_rng((seed, first))
    x = corpus.to_float(corpus.stream(cache, stem)[first : first + PIECE])
    if rng.random() < NOISY:
        noise = corpus.stream(cache, "noise-1")
        start = int(rng.integers(len(noise) - len(x)))
        x = augment.mixed(x, corpus.to_float(noise[start : start + len(x)]), rng.uniform(*RATIO))
    codec = codecs.CODECS[rng.integers(len(codecs.CODECS))]
    out = codecs.coded(x, codec, int(rng.choice(codec.bits)) if codec.bits else None)
    if rng.random() < LOSSY:
        out = codecs.lost(out, rng, rng.uniform(*LOST))
    return (np.clip(out, -1, 1) * 32767).astype(np.int16)
