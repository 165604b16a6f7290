"""Voices of Piper, whose files the user has, by the package piper-tts (GPL-3.0) in a process of its own."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from kwsd.audio.source import Samples
from kwsd.say.program import spoken
from kwsd.say.voice import Voice, speaks

MOST_SPEAKERS = 16  # of one file


def voices(language: str) -> list[Voice]:
    """Those of the language: every speaker of the files in `folder()`; none without the package."""
    if "piper-tts" not in packages_distributions().get("piper", []):  # other packages have a module of this name
        return []
    found = []
    for path in sorted(folder().glob("**/*.onnx")):
        facts = _facts(path)
        if speaks(_language(facts), language):
            count = min(int(facts.get("num_speakers", 1)), MOST_SPEAKERS)
            found += [_voice(path, speaker, count) for speaker in range(count)]
    return found


def folder() -> Path:
    """Where the files of the voices are looked for."""
    home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")  # noqa: PTH111 - may have no home
    return Path(home, "kwsd", "voices", "piper")


def _facts(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(Path(f"{path}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _language(facts: dict[str, Any]) -> str:
    """Of a voice: "en_US" in newer files, "en-us" in older ones."""
    return str(facts.get("language", {}).get("code") or facts.get("espeak", {}).get("voice") or "")


def _voice(path: Path, speaker: int, count: int) -> Voice:
    who = [] if count == 1 else ["--speaker", str(speaker)]

    def speak(text: str, tempo: float) -> Samples:
        words = [sys.executable, "-m", "piper", "-m", str(path), "--length-scale", f"{1 / tempo:g}", *who]
        return spoken(text, lambda source, wav: [*words, "-i", str(source), "-f", str(wav)])

    return Voice("piper", path.stem if count == 1 else f"{path.stem} {speaker}", speak)
