"""Voices that say every text as one of the example recordings has it, and a home folder without voices."""

from types import SimpleNamespace

import pytest
import soundfile as sf

from kwsd.errors import SayError
from kwsd.say import engines
from kwsd.say.voice import Voice, speaks


@pytest.fixture
def voices(recordings, monkeypatch):
    """Five voices of English, and none of another language; a text that begins with "?" fails with the first."""

    def voice(path):
        samples = sf.read(path, dtype="float32")[0]

        def speak(text, tempo):
            if text.startswith("?") and path == recordings[0]:
                raise SayError(f"{path.stem} cannot read {text}")
            return samples

        return Voice("example", path.stem, speak)

    def known(language):
        return [voice(path) for path in recordings] if speaks("en-us", language) else []

    monkeypatch.setattr(engines, "ENGINES", (SimpleNamespace(voices=known),))
    monkeypatch.setattr(engines, "LAST", SimpleNamespace(voices=lambda language: []))
    return known("en")
