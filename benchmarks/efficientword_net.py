"""EfficientWord-Net (wheel `efficientword-net` 1.0.5, Apache-2.0) by its own features, network and score.

The wheel is installed without what it depends on (`pip install --no-deps efficientword-net==1.0.5`); its network needs
onnxruntime alone. A window of 1.5 s becomes a unit vector; the score of a window is (1 + cos) / 2 with the nearest of
the recordings' vectors (`Resnet50_Arc_loss.scoreVector`). Recordings are given with the phrase in the middle of a
window of what was recorded: its own zeros around them upset features that the network scales between their least and
their largest. That, and windows twice as dense as the 0.75 s of its README, was better on Speech Commands words.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from benchmarks.corpora import RATE, CorpusError, Samples
from benchmarks.measures import Figures, Scores, figures
from benchmarks.protocol import Audio, Protocol
from kwsd.audio.files import read
from kwsd.audio.trim import speech_span

WINDOW = 24_000  # samples
HOP = 6_000  # samples between windows, 0.375 s
FRAME, STEP, BINS, BANDS = 400, 160, 512, 64  # 25 ms every 10 ms
THRESHOLD = 0.9  # the score that its detector accepts if not told otherwise
EVERY = 8  # of the other words one in so many: each window costs 20 ms
GRAPH = Path("models") / "resnet_50_arc" / "slim_93%_accuracy_72.7390%.onnx"
Vectors = NDArray[np.float32]


def graph() -> Path:
    """The network's file, found without importing the package that carries it.

    Raises:
        CorpusError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("eff_word_net")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / GRAPH).exists():
            return Path(place) / GRAPH
    raise CorpusError("EfficientWord-Net is not installed: pip install --no-deps efficientword-net==1.0.5")


@cache
def filters() -> NDArray[np.float64]:
    """[257, 64] triangles that are even in mel, corners rounded down to bins (`get_filterbanks`)."""
    mels = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), BANDS + 2)
    corners = np.floor((BINS + 1) * 700 * (10 ** (mels / 2595) - 1) / RATE)
    bins, (left, middle, end) = np.arange(BINS // 2 + 1)[:, None], (corners[i : i + BANDS] for i in range(3))
    rising = (bins - left) / np.maximum(middle - left, 1)
    falling = (end - bins) / np.maximum(end - middle, 1)
    up, down = (left <= bins) & (bins < middle), (middle <= bins) & (bins < end)
    triangles: NDArray[np.float64] = np.where(up, rising, np.where(down, falling, 0.0))
    return triangles


def features(window: NDArray[np.floating]) -> Vectors:
    """[149, 64] logarithms of the energy in each band of 1.5 s of samples (`logfbank`), no pre-emphasis."""
    padded = np.pad(window.astype(np.float64), (0, -(len(window) - FRAME) % STEP))
    frames = sliding_window_view(padded, FRAME)[::STEP]
    energy = np.abs(np.fft.rfft(frames, BINS)) ** 2 / BINS @ filters()
    logs: Vectors = np.log(np.where(energy == 0, np.finfo(float).eps, energy)).astype(np.float32)
    return logs


class EfficientWordNet:
    """Windows of 1.5 s to unit vectors of 2,048."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(graph(), options, providers=["CPUExecutionProvider"])

    def __call__(self, window: NDArray[np.floating]) -> Vectors:
        """The vector of one window [24000]."""
        vector: Vectors = self._session.run(None, {"input": features(window)[None, None]})[0][0]
        return vector

    def stream(self, pieces: Iterable[Samples]) -> Vectors:
        """[n, 2048] the vectors of all windows of consecutive pieces of audio, HOP apart."""
        return np.array([self(window) for window in windows(pieces)])


def windows(pieces: Iterable[Samples]) -> Iterator[Samples]:
    """All whole windows of a stream, HOP apart."""
    held = np.zeros(0, np.float32)
    for piece in pieces:
        held = np.concatenate([held, piece])
        while len(held) >= WINDOW:
            yield held[:WINDOW]
            held = held[HOP:]


def reference(samples: Samples, protocol: Protocol) -> Samples:
    """The window of a recording that has the phrase in its middle, faint noise where the recording ends."""
    start, end = speech_span(samples)
    middle = int((1.0 + (start + end) / 2) * RATE)  # of the phrase within the padded recording
    padded = protocol.padded(samples)
    first = min(max(middle - WINDOW // 2, 0), len(padded) - WINDOW)
    return padded[first : first + WINDOW]


def distances(heard: Vectors, references: Vectors) -> Scores:
    """[n] 1 less the score of each window: the best of the references counts."""
    nearest: Scores = (1 - (heard @ references.T).max(axis=1).astype(np.float64)) / 2
    return nearest


def figures_of(references: Vectors, word: str, audio: Audio[Vectors]) -> Figures:
    """One keyword's row; its own threshold is the default score of 0.9."""

    def lowest(clips: list[Vectors]) -> Scores:
        return np.array([distances(clip, references).min() for clip in clips])

    clean, noisy, words = lowest(audio.clean), lowest(audio.noisy), lowest(audio.words)
    track = distances(audio.background, references)
    return figures(clean, noisy, words, track, audio.labels == word, 1 - THRESHOLD, HOP / RATE)


def measure(protocol: Protocol) -> list[Figures]:
    """The figures of every draw of every word."""
    network = EfficientWordNet()
    audio = protocol.encoded(network.stream, EVERY)
    return [
        figures_of(np.array([network(reference(read(path), protocol)) for path in draw]), word, audio)
        for word in protocol.keywords
        for draw in protocol.draws(word)
    ]
