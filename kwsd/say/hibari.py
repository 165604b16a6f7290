"""Voices of hibari, small networks distilled from Kokoro (PyPI: hibari-tts): English. Apache-2.0."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import soxr

from kwsd.audio.source import RATE, Samples
from kwsd.say.voice import Voice, speaks


def voices(language: str) -> list[Voice]:
    """Those of the language that are on this machine, none without the package; none is downloaded."""
    if not find_spec("hibari"):
        return []
    known = import_module("hibari.voices")
    found = [name for name, facts in known.VOICES.items() if speaks(facts["language"], language)]
    return [_voice(name) for name in found if _is_here(name, known)]


def _is_here(name: str, known: Any) -> bool:
    try:
        known.voice_path(name, download_missing=False)
    except FileNotFoundError:
        return False
    return True


def _voice(name: str) -> Voice:
    def speak(text: str, tempo: float) -> Samples:
        network = _network(name)
        samples: Samples = soxr.resample(network(text, tempo, seed=0), network.sample_rate, RATE).astype("float32")
        return samples

    return Voice("hibari", name, speak)


@cache
def _network(name: str) -> Any:
    return import_module("hibari").Hibari(name)
