"""A phrase as synthetic voices say it: several voices, tempos and rooms, as recordings to enrol or to search for."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from itertools import cycle, islice

import numpy as np

from kwsd.audio.room import Room
from kwsd.enrolment.template import Recording
from kwsd.errors import SayError
from kwsd.say import espeak
from kwsd.say.engines import voices_of
from kwsd.say.voice import Voice

TEMPOS = (1.0, 0.85, 1.2)
ROOMS = (
    Room("bedroom", (3.6, 3.0, 2.4), 0.5, 0.2, 32.0),
    Room("kitchen", (4.1, 3.2, 2.5), 1.0, 0.3, 28.0),
    Room("living room", (5.8, 4.4, 2.6), 2.0, 0.4, 25.0),
)


def said(text: str, language: str, count: int, report: Callable[[str], None]) -> list[Recording]:
    """Recordings of a text, the same for the same voices.

    Args:
        text: the phrase, as it is spelled.
        language: a code such as "de" or "en-gb".
        count: how often it is said, each time by another voice while there is one.
        report: gets a sentence for each voice that fails and is left out, and if the voices are not good ones.

    Raises:
        SayError: no voice speaks the language, or all fail.
    """
    found, voices = [], voices_of(language)
    if all(voice.engine == espeak.NAME for voice in voices):
        report(f'only eSpeak NG speaks "{language}" here, and it is little like people: add recordings of theirs')
    for number, voice in enumerate(islice(cycle(voices), count)):
        again, place = divmod(number, len(voices))
        try:
            found.append(_take(text, voice, number, TEMPOS[(place + again) % len(TEMPOS)]))
        except SayError as error:
            report(str(error))
    if not found:
        raise SayError(f'no voice can say "{text}": spell it otherwise, or record it')
    return found


def _take(text: str, voice: Voice, number: int, tempo: float) -> Recording:
    room = ROOMS[number // len(TEMPOS) % len(ROOMS)]
    rng = np.random.default_rng(zlib.crc32(f"{text} {voice} {number}".encode()))
    heard = room.heard(voice.speak(text, tempo), rng)
    return Recording(f"{voice}, tempo {tempo:g}, {room.name}", heard, str(voice))
