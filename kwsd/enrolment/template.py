"""Making a template from a recording of the phrase."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from kwsd.audio.files import read
from kwsd.audio.source import RATE
from kwsd.audio.trim import speech_span
from kwsd.errors import KeywordError
from kwsd.keywords.keyword import Template
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

CONTEXT = 1.0  # seconds of frames kept before and after the phrase
LONGEST = 60  # s of a recording that is kept


@dataclass(frozen=True)
class Recording:
    """A recording in memory.

    Attributes:
        name: its name in reports.
        samples: [n] float32 mono at 16 kHz, in [-1, 1].
    """

    name: str
    samples: NDArray[np.float32]


@dataclass(frozen=True)
class Take:
    """A recording as it was heard.

    Attributes:
        recording: what was heard.
        frames: the frames of the whole recording.
        start, end: seconds at which the phrase starts and ends.
    """

    recording: Recording
    frames: Frames
    start: float
    end: float

    def template(self, *, keep_audio: bool = False) -> Template:
        """The template, with the recording as FLAC if it is to be kept."""
        heard = self.frames.between(self.start - CONTEXT, self.end + CONTEXT)
        audio = _flac(self.recording.samples) if keep_audio else None
        return Template(self.recording.name, heard, self.start, self.end, audio)


def take_of(recording: Path | Recording, tokenizer: Tokenizer) -> Take:
    """Hear a recording in which the phrase is spoken once.

    Args:
        recording: a file, or samples in memory.
        tokenizer: is reset.

    Raises:
        AudioError: the recording cannot be used.
    """
    known = recording if isinstance(recording, Recording) else Recording(recording.name, read(recording))
    start, end = speech_span(known.samples)
    tokenizer.reset()
    frames = Frames.join([tokenizer.push(known.samples), tokenizer.flush()])
    return Take(known, frames, start, end)


def kept_recording(template: Template) -> Recording:
    """The recording that a template of a keyword file keeps; the file may be a stranger's.

    Raises:
        KeywordError: it is damaged, longer than a minute, or not mono at 16 kHz.
    """
    try:
        with sf.SoundFile(io.BytesIO(template.audio or b"")) as sound:
            samples = sound.read(LONGEST * RATE + 1, dtype="float32", always_2d=True)
            usable = (sound.format, sound.samplerate) == ("FLAC", RATE) and samples.shape[1] == 1
    except sf.LibsndfileError:
        usable = False
    if not usable or len(samples) > LONGEST * RATE:
        raise KeywordError(
            f"the audio kept of {template.recording} is not a minute or less of mono FLAC at {RATE} Hz: "
            "enroll the keyword again from recordings"
        )
    return Recording(template.recording, samples[:, 0])


def _flac(samples: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, samples, RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
