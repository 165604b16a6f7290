"""A hit: the audio around a detection, as a FLAC file that says what was detected in it."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import soundfile as sf
from msgspec import Meta

from kwsd.atomic_write import replacing
from kwsd.audio.files import read
from kwsd.audio.opening import shown
from kwsd.audio.source import RATE, Samples
from kwsd.errors import AudioError

LONGEST = 60.0  # s of audio in a file


def _free(folder: Path, name: str) -> Path:
    """The path of a file of that name that does not exist: audio of a file is heard faster than time."""
    numbers = (f"-{number}" if number > 1 else "" for number in itertools.count(1))
    return next(path for number in numbers if not (path := folder / f"{name}{number}.flac").exists())


_Second = Annotated[float, Meta(ge=0, le=LONGEST)]
_Distance = Annotated[float, Meta(ge=-1e6, le=1e6)]


class _Facts(msgspec.Struct):
    keyword: str
    start: _Second
    end: _Second
    distance: _Distance
    threshold: _Distance
    model: str
    heard: Annotated[float, Meta(ge=0, le=1e11)]


@dataclass(frozen=True, eq=False)
class Hit:
    """A detection with its audio.

    Attributes:
        keyword: the name of the keyword.
        samples: [n] float32 mono at 16 kHz, the phrase with what was heard before and after it.
        start, end: seconds in it between which the phrase was heard.
        distance: from the keyword.
        threshold: of the keyword.
        model: digest of the tokenizer.
        heard: Unix time of the end of the phrase.
    """

    keyword: str
    samples: Samples
    start: float
    end: float
    distance: float
    threshold: float
    model: str
    heard: float

    def save(self, folder: Path) -> Path:
        """Write the file `hit-TIME-KEYWORD.flac`, which only its owner can read, and return its path.

        Raises:
            StoreError: it cannot be written.
        """
        when = datetime.fromtimestamp(self.heard, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        path = _free(folder, f"hit-{when}-{self.keyword}")
        facts = _Facts(self.keyword, self.start, self.end, self.distance, self.threshold, self.model, self.heard)
        buffer = io.BytesIO()
        with sf.SoundFile(buffer, "w", RATE, 1, "PCM_16", format="FLAC") as sound:
            sound.comment = msgspec.json.encode(facts).decode()
            sound.write(self.samples)
        with replacing(path) as file:
            file.write(buffer.getvalue())
        return path

    @classmethod
    def load(cls, path: Path) -> Hit:
        """The hit in a file.

        Raises:
            AudioError: it cannot be read, or is not a hit.
        """
        samples = read(path, LONGEST)
        try:
            with sf.SoundFile(path) as sound:
                facts = msgspec.json.decode(sound.comment or "", type=_Facts)
        except (sf.LibsndfileError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise AudioError(f"{shown(path)} is not a hit: give a file that `kwsd listen --save-hits` wrote") from None
        return cls(samples=samples, **msgspec.structs.asdict(facts))
