"""Fit the stages of the code book: k-means of the encoder's vectors, then of what each stage leaves over."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import trange

from export.model import Encoder
from export.windows import WARM, Windows
from kwsd.codebook import merged

STAGES = 6
WORDS = 256  # of a stage, so that a code is a byte
BATCHES = 120  # of noisy windows, whose vectors the words are fitted to
ROUNDS = 20


@torch.no_grad()
def heard(encoder: Encoder, windows: Windows, batches: int = BATCHES) -> NDArray[np.float32]:
    """Merged vectors [n, m] of training windows as they are heard, noise and all."""
    found = []
    for step in trange(batches, desc="vectors for the code book"):
        samples = windows.batch(step).samples
        z, _, _ = encoder(samples, encoder.states(len(samples)))
        found += [merged(window) for window in z[:, WARM:].numpy()]
    return np.concatenate(found)


def fit(vectors: NDArray[np.float32], seed: int, stages: int = STAGES, words: int = WORDS) -> NDArray[np.float32]:
    """Code words [stages, words, m]: each stage is fitted to what the stages before it leave of the vectors."""
    rng, left, found = np.random.default_rng(seed), vectors, []
    for _ in trange(stages, desc="code book", unit="stage"):
        found.append(kmeans(left, words, rng))
        left = left - found[-1][nearest(left, found[-1])]
    return np.stack(found)


def kmeans(x: NDArray[np.float32], words: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Centres [words, m] that locally minimise the squared distance of each row to its nearest."""
    centres = x[rng.choice(len(x), words, replace=False)]
    for _ in range(ROUNDS):
        labels = nearest(x, centres)
        sums, counts = np.zeros_like(centres), np.bincount(labels, minlength=words)
        np.add.at(sums, labels, x)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], x[rng.choice(len(x), words)])
        centres = centres.astype(np.float32)
    return centres


def nearest(x: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.intp]:
    """The index of the nearest centre of each row."""
    index: NDArray[np.intp] = (x @ centres.T - (centres**2).sum(axis=1) / 2).argmax(axis=1)
    return index
