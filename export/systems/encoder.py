"""Encoders from features to unit vectors: the BiLSTM of the papers, and the Transformer beside it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from export.systems.shape import Shape

DROPOUT = 0.1
HEADS, LAYERS = 3, 2
MODEL, WIDE = 288, 2320  # of the Transformer, for about as many weights as the BiLSTM has


class BiLSTM(nn.Module):
    """Two bidirectional layers; with the default shape 3.6 million weights, as in the paper."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.lstm = nn.LSTM(
            shape.bins, shape.hidden, num_layers=LAYERS, bidirectional=True, batch_first=True, dropout=DROPOUT
        )

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Unit vectors [b, t, 2 hidden] of features [b, t, bins]; 0 in the padding."""
        packed = pack_padded_sequence(features, lengths, batch_first=True, enforce_sorted=False)
        heard, _ = self.lstm(packed)
        states, _ = pad_packed_sequence(heard, batch_first=True, total_length=features.shape[1])
        return functional.normalize(states, dim=2)


class Transformer(nn.Module):
    """Two layers with three heads, sinusoidal positions."""

    def __init__(self, shape: Shape, inputs: int | None = None) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(MODEL, HEADS, WIDE, DROPOUT, "gelu", batch_first=True, norm_first=True)
        self.inward = nn.Linear(inputs or shape.bins, MODEL)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.outward = nn.Linear(MODEL, shape.dim)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Unit vectors [b, t, 2 hidden] of features [b, t, inputs]."""
        padding = torch.arange(features.shape[1])[None] >= lengths[:, None]
        x = self.inward(features) + positions(features.shape[1], MODEL)
        return functional.normalize(self.outward(self.layers(x, src_key_padding_mask=padding)), dim=2)


def positions(count: int, dim: int) -> Tensor:
    """Sines and cosines [count, dim] of a frame's place (Vaswani et al. 2017)."""
    angle = torch.arange(count)[:, None] * torch.exp(torch.arange(0, dim, 2) * (-math.log(10_000.0) / dim))
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
