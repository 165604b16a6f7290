"""Voices of eSpeak NG, of the program `espeak-ng` (Debian: espeak-ng): more than a hundred languages. GPL-3.0."""

from __future__ import annotations

import shutil

from kwsd.audio.source import Samples
from kwsd.say.program import output, spoken
from kwsd.say.voice import Voice, speaks

NAME = "espeak-ng"  # of the engine
VARIANTS = ("m3", "f2", "m1", "f5", "m7", "f4", "m4", "f1", "m5", "f3", "m2", "m6")  # men and women, by name
WORDS_A_MINUTE = 165  # at tempo 1
PRIORITY, LANGUAGE = 0, 1  # columns of the table that `espeak-ng --voices` prints


def voices(language: str) -> list[Voice]:
    """Every variant, with the usual accents of the language; none without the program."""
    if not shutil.which("espeak-ng"):
        return []
    rows = [line.split() for line in output(["espeak-ng", "--voices"]).splitlines()[1:]]
    known = [(int(row[PRIORITY]), row[LANGUAGE]) for row in rows if speaks(row[LANGUAGE], language)]
    exact = [accent for _, accent in known if speaks(language, accent)]
    usual = exact or [accent for priority, accent in known if priority == min(known)[0]]
    return [_voice(f"{usual[i % len(usual)]}+{variant}") for i, variant in enumerate(VARIANTS) if usual]


def _voice(name: str) -> Voice:
    def speak(text: str, tempo: float) -> Samples:
        words = ["espeak-ng", "-v", name, "-s", str(round(WORDS_A_MINUTE * tempo))]
        return spoken(text, lambda source, wav: [*words, "-f", str(source), "-w", str(wav)])

    return Voice(NAME, name, speak)
