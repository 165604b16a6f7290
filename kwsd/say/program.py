"""Runs a program that synthesises speech, without a shell, and reads the WAV file that it writes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from kwsd.audio.files import read
from kwsd.audio.source import Samples
from kwsd.errors import AudioError, SayError

LONGEST = 60.0  # s that a program may take for a phrase

Command = Callable[[Path, Path], Sequence[str]]
"""The file with the text, and the WAV file to write, to the words of a command."""


def spoken(text: str, command: Command) -> Samples:
    """What a program makes of a text: samples [n] float32 at 16 kHz.

    The text is in a file and on standard input, so that none is taken for an option.

    Raises:
        SayError: the program fails, takes longer than a minute, or writes no sound.
    """
    with TemporaryDirectory(prefix="kwsd-say-") as folder:
        source, wav = Path(folder, "text.txt"), Path(folder, "said.wav")
        source.write_text(f"{text}\n", "utf-8")
        words = command(source, wav)
        try:
            with source.open("rb") as file:
                subprocess.run(words, stdin=file, capture_output=True, check=True, timeout=LONGEST)
            return read(wav)
        except (OSError, subprocess.SubprocessError, AudioError) as error:
            raise SayError(f'{Path(words[0]).name} did not say "{text}": {_reason(error)}') from error


def output(words: Sequence[str]) -> str:
    """What a program prints, to list its voices; empty where it fails."""
    try:
        found = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=LONGEST)
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.decode("utf-8", "replace")


def _reason(error: Exception) -> str:
    printed = getattr(error, "stderr", None) or b""
    lines = printed.decode("utf-8", "replace").strip().splitlines()
    return lines[0] if lines else str(error)
