"""Fit the stages of the code book: k-means of the encoder's vectors, then of what each stage leaves over."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm, trange

from export import kmeans
from export.model import HOP, Encoder
from export.windows import WARM
from kwsd.tokenizer.codebook import merged, nearest

STAGES = 6
WORDS = 256  # of a stage, so that a code is a byte
HOURS = 1.0  # of speech, whose vectors the words are fitted to
ROUNDS = 20


@torch.no_grad()
def heard(encoder: Encoder, pieces: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Merged vectors [n, m] of clips, without the frames before the encoder is warm."""
    found = []
    for piece in tqdm(pieces, desc="vectors for the code book", unit="clip"):
        samples = torch.from_numpy(piece[: len(piece) // HOP * HOP])[None]
        z, _, _ = encoder(samples, encoder.states())
        found.append(merged(z[0, WARM:].numpy()))
    return np.concatenate(found)


def fit(vectors: NDArray[np.float32], seed: int, stages: int = STAGES, words: int = WORDS) -> NDArray[np.float32]:
    """Code words [stages, words, m]: each stage is fitted to what the stages before it leave of the vectors."""
    rng, left, found = np.random.default_rng(seed), vectors, []
    for _ in trange(stages, desc="code book", unit="stage"):
        first = left[rng.choice(len(left), words, replace=False)]
        found.append(kmeans.euclidean(left, first, ROUNDS, rng))
        left = left - found[-1][nearest(left, found[-1])]
    return np.stack(found)
