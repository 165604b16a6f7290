"""Voices of SVOX Pico, of the program `pico2wave` (Debian, non-free: libttspico-utils): six accents. Apache-2.0."""

from __future__ import annotations

import shutil
from xml.sax.saxutils import escape

from kwsd.audio.source import Samples
from kwsd.say.program import spoken
from kwsd.say.voice import Voice, speaks

LANGUAGES = ("en-US", "en-GB", "de-DE", "es-ES", "fr-FR", "it-IT")  # a voice of each


def voices(language: str) -> list[Voice]:
    """Those of the language, none without the program."""
    if not shutil.which("pico2wave"):
        return []
    return [_voice(name) for name in LANGUAGES if speaks(name, language)]


def _voice(name: str) -> Voice:
    def speak(text: str, tempo: float) -> Samples:
        marked = f'<speed level="{round(100 * tempo)}">{escape(text)}</speed>'
        return spoken(text, lambda _source, wav: ["pico2wave", "-l", name, "-w", str(wav), marked])

    return Voice("pico", name, speak)
