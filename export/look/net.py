"""The network that makes vectors to compare phrases by, of what Whisper's encoder heard."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from export.look.whisper import WIDTH

DIM = 96
HIDDEN, LAYERS, KERNEL = 256, 3, 7  # channels, blocks, vectors of 40 ms that a block looks over
DROPOUT = 0.1
PHONES = 40
ROUND = 3  # phones that are told of each vector: that before, its own, that after


class Block(nn.Module):
    """A depthwise convolution over what is before and after, and a pointwise bottleneck, added to the input."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(HIDDEN, HIDDEN, KERNEL, padding=KERNEL // 2, groups=HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN)
        self.wide, self.narrow = nn.Linear(HIDDEN, 2 * HIDDEN), nn.Linear(2 * HIDDEN, HIDDEN)
        self.drop = nn.Dropout(DROPOUT)
        self.scale = nn.Parameter(torch.full((HIDDEN,), 0.2))

    def forward(self, x: Tensor) -> Tensor:
        """[b, n, HIDDEN] to the same."""
        y = self.conv(x.transpose(1, 2)).transpose(1, 2)
        added: Tensor = self.drop(self.narrow(functional.gelu(self.wide(self.norm(y)))))
        return x + self.scale * added


class Comparison(nn.Module):
    """Whisper's vectors [b, 2 n, 384] to unit vectors [b, n, DIM]; before training, a linear discriminant of them.

    Args:
        mean, projection: [384] and [384, DIM] of the discriminant, see `export.look.discriminant`.
    """

    mean: Tensor

    def __init__(self, mean: NDArray[np.float32], projection: NDArray[np.float32]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(mean.astype(np.float32)))
        self.linear = nn.Linear(WIDTH, DIM)
        self.enter = nn.Linear(2 * WIDTH, HIDDEN)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm, self.leave = nn.LayerNorm(HIDDEN), nn.Linear(HIDDEN, DIM)
        self.phones = nn.Linear(HIDDEN, ROUND * PHONES)
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(projection.astype(np.float32).T / math.sqrt(DIM)))
            for parameter in (self.linear.bias, self.leave.weight, self.leave.bias):
                parameter.zero_()

    def forward(self, states: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
        """The unit vectors, and logits of the phones around each [b, n, ROUND * PHONES].

        Args:
            states: two of which are one vector.
            held: [b, n] which vectors count; the others are heard as nothing.
        """
        two = states.reshape(len(states), -1, 2, WIDTH)
        x = self.enter(functional.layer_norm(two.flatten(2), (2 * WIDTH,))) * held[..., None]
        for block in self.blocks:
            x = block(x) * held[..., None]
        x = self.norm(x)
        z = self.linear(two.mean(2) - self.mean) + self.leave(x)
        return functional.normalize(z.float(), dim=2), self.phones(x)
