"""The base class of all systems: features to unit vectors and tokens, and the loss to be minimised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from export.systems.encoder import BiLSTM
from export.systems.shape import Shape
from kwsd.tokenizer.codebook import unit

AT_ONCE = 64  # recordings that are encoded together


class TrainingError(Exception):
    """A system cannot be made, trained or read; the message says why, and what to do."""


@dataclass(frozen=True)
class Batch:
    """Recordings in pairs: rows 2 i and 2 i + 1 hold the same word or melody, unless a system wants them otherwise.

    Attributes:
        features: [2 b, t, bins] float32, padded with 0 at the end.
        lengths: [2 b] int64 frames of each.
    """

    features: Tensor
    lengths: Tensor

    @classmethod
    def of(cls, recordings: Sequence[NDArray[np.floating]]) -> Batch:
        """Recordings [t, bins] padded to the longest."""
        rows = [torch.from_numpy(np.ascontiguousarray(r, np.float32)) for r in recordings]
        return cls(pad_sequence(rows, batch_first=True), torch.tensor([len(r) for r in rows]))

    @property
    def mask(self) -> Tensor:
        """[2 b, t] bool, which frames are not padding."""
        return torch.arange(self.features.shape[1])[None] < self.lengths[:, None]


@dataclass(frozen=True)
class Encoded:
    """A recording as a system represents it.

    Attributes:
        z: [t, m] float32 unit vectors.
        tokens: [t] int32.
    """

    z: NDArray[np.float32]
    tokens: NDArray[np.int32]


class System(nn.Module):
    """An encoder with its codebook.

    A subclass says in `loss` what is minimised, and may say otherwise how z and tokens come about.

    Attributes:
        optimiser: "adam", with a linear warm-up, or "lamb", with cosine restarts.
        pairs: what training pairs hold: "same", one word or melody by two speakers, or "random", any two recordings.
        centre, spread: [bins] mean and standard deviation of the features that it is trained on.
        codebook: [K, m] unit centroids, which spherical k-means moves now and then (see `export.systems.training`).
        clustered: whether it does, in training; otherwise the codebook is fitted once, when training is over.
        judged_by: the matchings by which it is kept at its best step: by tokens, too, where they are learned.
        learns: whether it is trained at all.
        sequences: whether it learns from several words said one after another, as in a sentence: of a single word,
            tokens need only tell where in it they stand.
        cost: how many times as long as others' its steps last: it gets so many times fewer, so that all get equal time.
        retrained: whether another number of tokens needs another training, and not just another codebook.
    """

    optimiser: ClassVar[str] = "adam"
    pairs: ClassVar[str] = "same"
    clustered: ClassVar[bool] = False
    judged_by: ClassVar[tuple[str, ...]] = ("dtw",)
    learns: ClassVar[bool] = True
    sequences: ClassVar[bool] = False
    cost: ClassVar[int] = 1
    retrained: ClassVar[bool] = False
    codebook: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = self.make_encoder()
        self.register_buffer("centre", torch.zeros(shape.bins))
        self.register_buffer("spread", torch.ones(shape.bins))
        self.register_buffer("codebook", nn.functional.normalize(torch.randn(shape.tokens, shape.dim), dim=1))

    def make_encoder(self) -> nn.Module:
        """Maps features [b, t, bins] and lengths [b] to unit vectors [b, t, m]."""
        return BiLSTM(self.shape)

    def forward(self, batch: Batch) -> Tensor:
        """z [2 b, t, m], unit vectors where there is no padding."""
        z: Tensor = self.encoder(self.standardised(batch), batch.lengths)
        return z

    def standardised(self, batch: Batch) -> Tensor:
        """Features [2 b, t, bins] of which each bin has mean 0 and variance 1 over the training data."""
        return (batch.features - self.centre) / self.spread

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """`loss`, which is minimised, and its parts, for the log."""
        raise NotImplementedError

    def tokens(self, z: Tensor) -> Tensor:
        """[...] the token of each vector [..., m]: argmax_k z . w_k (Wav2Tok, section 3.1)."""
        return (z @ self.codebook.T).argmax(dim=-1)

    @torch.no_grad()
    def encode(self, recordings: Sequence[NDArray[np.float32]]) -> list[Encoded]:
        """What the system makes of features [t, bins]; those of like lengths are encoded together."""
        self.eval()
        found: dict[int, Encoded] = {}
        order = sorted(range(len(recordings)), key=lambda i: len(recordings[i]))
        for first in range(0, len(order), AT_ONCE):
            chosen = order[first : first + AT_ONCE]
            batch = Batch.of([recordings[i] for i in chosen])
            z, tokens = self.represent(batch)
            for row, (i, length) in enumerate(zip(chosen, batch.lengths.tolist(), strict=True)):
                of_row = unit(z[row, :length].numpy().astype(np.float32))
                found[i] = Encoded(of_row, tokens[row, :length].numpy().astype(np.int32))
        return [found[i] for i in range(len(recordings))]

    def represent(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """z [2 b, t, m] and tokens [2 b, t], for matching."""
        z = self(batch)
        return z, self.tokens(z)
