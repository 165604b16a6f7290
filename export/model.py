"""The encoder: a causal log-mel front end and convolutional blocks, written once for training and for the ONNX graph.

Everything is a matrix product over [frames, channels], with the left context of each layer passed in and out as
state. Training starts from zero states and runs a whole window; the exported graph runs the same code on a few hops.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

RATE = 16_000
WINDOW = 400  # samples, 25 ms
MEL_HOP = 160  # samples, 10 ms
HOP = 4 * MEL_HOP  # samples of one output frame, 40 ms
DELAY = 0.28  # s from the middle of the speech that a frame describes to the last sample it needs
SLICE = 80  # the greatest common divisor of WINDOW and MEL_HOP


@dataclass(frozen=True)
class Shape:
    """The sizes that decide a model's weights."""

    bands: int = 64
    stem: int = 160
    channels: int = 224
    hidden: int = 448
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 1, 2, 1, 2)
    dim: int = 96
    tokens: int = 512
    sound: int = 32
    phones: int = 40

    def as_dict(self) -> dict[str, object]:
        """Plain values, for a checkpoint."""
        return asdict(self)


def mel_filters(bands: int, low: float = 60.0, high: float = 7800.0) -> Tensor:
    """Triangular filters [WINDOW // 2 + 1, bands] on the mel scale, each of unit area."""
    mel = torch.linspace(1127 * math.log1p(low / 700), 1127 * math.log1p(high / 700), bands + 2, dtype=torch.float64)
    edges = 700 * torch.expm1(mel / 1127)
    bins = torch.arange(WINDOW // 2 + 1, dtype=torch.float64)[:, None] * RATE / WINDOW
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = torch.minimum(rise, fall).clamp(min=0)
    return (filters / filters.sum(0).clamp(min=1e-9)).float()


def fourier(size: int = WINDOW) -> Tensor:
    """A Hann-windowed real Fourier transform as a matrix [size, 2 (size // 2 + 1)]: cosines, then sines."""
    n = torch.arange(size, dtype=torch.float64)
    angle = 2 * math.pi * n[:, None] * torch.arange(size // 2 + 1, dtype=torch.float64) / size
    hann = 0.5 - 0.5 * torch.cos(2 * math.pi * n / size)
    return (torch.cat([angle.cos(), angle.sin()], dim=1) * hann[:, None]).float()


class FrontEnd(nn.Module):
    """Samples [b, n hops] to log-mel frames [b, 4 n, bands]; looks back WINDOW - MEL_HOP samples."""

    context = WINDOW - MEL_HOP
    fourier: Tensor
    filters: Tensor

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.register_buffer("fourier", fourier(), persistent=False)
        self.register_buffer("filters", mel_filters(bands), persistent=False)

    def forward(self, samples: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Log-mel energies, scaled to about unit variance, and the next state [b, context]."""
        joined = torch.cat([state, samples], dim=1)
        slices = joined.reshape(joined.shape[0], -1, SLICE)
        count, step, wide = samples.shape[1] // MEL_HOP, MEL_HOP // SLICE, WINDOW // SLICE
        windows = torch.cat([slices[:, i : i + step * (count - 1) + 1 : step] for i in range(wide)], dim=2)
        spectrum = windows @ self.fourier
        real, imaginary = spectrum.chunk(2, dim=2)
        power = (real * real + imaginary * imaginary) @ self.filters
        return (torch.log(power + 1e-6) + 4.0) / 4.0, joined[:, -self.context :]


class Halve(nn.Module):
    """A causal convolution of kernel 4 and stride 2 over frames: [b, 2 n, i] to [b, n, o]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(4 * inputs, outputs)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """The halved frames and the next state [b, 2, i]."""
        joined = torch.cat([state, x], dim=1)
        pairs = joined.reshape(x.shape[0], -1, 2 * x.shape[2])
        out = self.linear(torch.cat([pairs[:, :-1], pairs[:, 1:]], dim=2))
        return functional.gelu(out), joined[:, -2:]


class Block(nn.Module):
    """A causal depthwise convolution and a pointwise bottleneck, added to the input (after ConvNeXt)."""

    def __init__(self, shape: Shape, dilation: int) -> None:
        super().__init__()
        self.dilation, self.kernel = dilation, shape.kernel
        self.context = dilation * (shape.kernel - 1)
        self.taps = nn.Parameter(torch.randn(shape.kernel, shape.channels) / math.sqrt(shape.kernel))
        self.norm = nn.LayerNorm(shape.channels)
        self.wide = nn.Linear(shape.channels, shape.hidden)
        self.narrow = nn.Linear(shape.hidden, shape.channels)
        self.scale = nn.Parameter(torch.full((shape.channels,), 0.3))

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """The frames [b, n, channels] and the next state [b, context, channels]."""
        joined = torch.cat([state, x], dim=1)
        mixed = joined[:, self.context :] * self.taps[self.kernel - 1]
        for tap in range(self.kernel - 1):
            first = tap * self.dilation
            mixed = mixed + joined[:, first : first + x.shape[1]] * self.taps[tap]
        out = self.narrow(functional.gelu(self.wide(self.norm(mixed))))
        return x + out * self.scale, joined[:, -self.context :]


class Encoder(nn.Module):
    """Waveform to unit vectors, one per 40 ms, seeing only the past.

    Two kinds: z [b, n, dim], which is what the encoder is for, and u [b, n, sound], from which phones are told in
    training only.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.front = FrontEnd(shape.bands)
        self.stems = nn.ModuleList([Halve(shape.bands, shape.stem), Halve(shape.stem, shape.channels)])
        self.blocks = nn.ModuleList(Block(shape, d) for d in shape.dilations)
        self.norm = nn.LayerNorm(shape.channels)
        self.project = nn.Linear(shape.channels, shape.dim)
        self.sound = nn.Linear(shape.channels, shape.sound)

    def states(self, batch: int = 1) -> list[Tensor]:
        """The states before the first sample: silence."""
        quiet = (math.log(1e-6) + 4.0) / 4.0
        first = [torch.zeros(batch, FrontEnd.context), torch.full((batch, 2, self.shape.bands), quiet)]
        second = [torch.zeros(batch, 2, self.shape.stem)]
        contexts = [d * (self.shape.kernel - 1) for d in self.shape.dilations]
        return first + second + [torch.zeros(batch, c, self.shape.channels) for c in contexts]

    def forward(self, samples: Tensor, states: list[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """z and u of n hops of samples [b, 640 n], and the states after them."""
        mel, front = self.front(samples, states[0])
        z, u, body = self.body(mel, states[1:])
        return z, u, [front, *body]

    def body(self, mel: Tensor, states: list[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """The learned part: z and u of log-mel frames [b, 4 n, bands]."""
        after: list[Tensor] = []
        x = mel
        for layer, state in zip([*self.stems, *self.blocks], states, strict=True):
            x, new = layer(x, state)
            after.append(new)
        x = self.norm(x)
        z, u = (functional.normalize(layer(x).float(), dim=2) for layer in (self.project, self.sound))
        return z, u, after


class Codebook(nn.Module):
    """K centroids on the unit sphere; the token of z is argmax_k z . w_k (Wav2Tok, section 3.1)."""

    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        self.centroids = nn.Parameter(torch.randn(tokens, dim))

    def forward(self, z: Tensor) -> Tensor:
        """Cosine of every vector with every centroid [..., K]."""
        return z @ functional.normalize(self.centroids, dim=1).T
