"""Encoders from features to unit vectors: the BiLSTM of the papers, and the Transformer beside it."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.systems.shape import Shape

DROPOUT = 0.1
HEADS, LAYERS = 3, 2
MODEL, WIDE = 288, 2320  # of the Transformer, for about as many weights as the BiLSTM of the default shape has


class BiLSTM(nn.Module):
    """Two bidirectional layers; with the default shape 3.6 million weights, as in the paper.

    Each direction is an LSTM of its own over padded rows, of which the backward one reads each recording from its last
    frame on. So says a packed sequence, too, but its kernel takes twice as long.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList(nn.LSTM(inputs, shape.hidden, batch_first=True) for _ in range(2))
            for inputs in (shape.bins, *(2 * shape.hidden,) * (LAYERS - 1))
        )
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Unit vectors [b, t, 2 hidden] of features [b, t, bins]; 0 in the padding."""
        place = torch.arange(features.shape[1])[None]
        turned = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)[..., None]
        x = features
        for number, directions in enumerate(self.layers):
            onward, back = cast(nn.ModuleList, directions)
            given = self.dropout(x) if number else x
            heard, _ = back(_taken(given, turned))
            x = torch.cat([onward(given)[0], _taken(heard, turned)], dim=2)
        return functional.normalize(x, dim=2) * (place < lengths[:, None])[..., None]


def _taken(x: Tensor, places: Tensor) -> Tensor:
    """x [b, t, m] with the frames of each row in another order [b, t, 1]."""
    return x.gather(1, places.expand(-1, -1, x.shape[2]))


class Transformer(nn.Module):
    """Two layers with three heads, sinusoidal positions; its size does not follow the shape."""

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
