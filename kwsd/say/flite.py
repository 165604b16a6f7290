"""Voices of CMU Flite, of the program `flite` (Debian: flite): English. Its licence is a permissive one."""

from __future__ import annotations

import shutil

from kwsd.audio.source import Samples
from kwsd.say.program import output, spoken
from kwsd.say.voice import Voice, speaks

VOICES = {"slt": "en-us", "rms": "en-us", "awb": "en-gb"}  # the others of `flite -lv` are of older kinds
LISTED = "Voices available:"


def voices(language: str) -> list[Voice]:
    """Those of the language, none without the program."""
    if not any(speaks(spoken, language) for spoken in VOICES.values()) or not shutil.which("flite"):
        return []
    there = output(["flite", "-lv"]).partition(LISTED)[2].split()
    return [_voice(name) for name, spoken in VOICES.items() if name in there and speaks(spoken, language)]


def _voice(name: str) -> Voice:
    def speak(text: str, tempo: float) -> Samples:
        stretch = f"duration_stretch={1 / tempo:g}"
        return spoken(text, lambda source, wav: ["flite", "-voice", name, "--setf", stretch, str(source), str(wav)])

    return Voice("flite", name, speak)
