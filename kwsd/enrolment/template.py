"""Making a template from a recording of the phrase."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from kwsd.audio.files import read
from kwsd.audio.source import RATE
from kwsd.audio.trim import Pieces, phrase_spans
from kwsd.enrolment.quality import is_narrow
from kwsd.errors import KeywordError
from kwsd.keywords.keyword import Template
from kwsd.second_look.look import SecondLook
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
        said: the synthetic voice that said the phrase; empty for a recording of a person.
        span: seconds at which the phrase starts and ends; None where it is to be looked for.
    """

    name: str
    samples: NDArray[np.float32]
    said: str = ""
    span: tuple[float, float] | None = None


@dataclass(frozen=True)
class Reading:
    """What in a recording may be the phrase.

    Attributes:
        pieces: seconds of the recording at which its parts start and end.
        samples: the recording without the pauses between the parts.
        frames: the frames of these samples.
        start, end: seconds in these frames at which the phrase starts and ends.
    """

    pieces: Pieces
    samples: NDArray[np.float32]
    frames: Frames
    start: float
    end: float

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The [T, m] vectors of the phrase."""
        return self.frames.between(self.start, self.end).vectors


@dataclass(frozen=True)
class Take:
    """A recording as it was heard.

    Attributes:
        recording: what was heard.
        readings: what may be the phrase, the likeliest first.
    """

    recording: Recording
    readings: tuple[Reading, ...]

    def template(
        self, reading: Reading, *, keep_audio: bool = False, second_look: SecondLook | None = None, words: str = ""
    ) -> Template:
        """The template of one of the readings, with the recording as FLAC if it is to be kept.

        Args:
            reading: one of `readings`.
            keep_audio: keep the recording.
            second_look: hears the phrase once more, for `Template.look`.
            words: that the second look compares; empty for none.
        """
        heard = reading.frames.between(reading.start - CONTEXT, reading.end + CONTEXT)
        audio = _flac(self.recording.samples) if keep_audio else None
        narrow = is_narrow(self.recording.samples, reading.pieces)
        phrase = (reading.samples, reading.start, reading.end)
        look, behind = second_look.recording(*phrase, words) if second_look else ((), ())
        return Template(
            self.recording.name,
            heard,
            reading.start,
            reading.end,
            audio,
            narrow=narrow,
            said=self.recording.said,
            look=look,
            behind=behind,
        )


def take_of(recording: Path | Recording, tokenizer: Tokenizer) -> Take:
    """Hear a recording in which the phrase is spoken once.

    Args:
        recording: a file, or samples in memory.
        tokenizer: is reset.

    Raises:
        AudioError: the recording cannot be used.
    """
    known = recording if isinstance(recording, Recording) else Recording(recording.name, read(recording))
    spans = [(known.span,)] if known.span else phrase_spans(known.samples)
    whole = _heard(known.samples, tokenizer)
    return Take(known, tuple(_reading(pieces, known.samples, whole, tokenizer) for pieces in spans))


def _reading(pieces: Pieces, samples: NDArray[np.float32], whole: Frames, tokenizer: Tokenizer) -> Reading:
    start, end = pieces[0][0], pieces[-1][1]
    if len(pieces) == 1:
        return Reading(pieces, samples, whole, start, end)
    borders = [round(RATE * second) for piece in pieces for second in piece]
    borders[0], borders[-1] = 0, len(samples)
    parts = [samples[first:last] for first, last in zip(borders[::2], borders[1::2], strict=True)]
    paused = sum(later[0] - earlier[1] for earlier, later in pairwise(pieces))
    joined = np.concatenate(parts)
    return Reading(pieces, joined, _heard(joined, tokenizer), start, end - paused)


def _heard(samples: NDArray[np.float32], tokenizer: Tokenizer) -> Frames:
    tokenizer.reset()
    return Frames.join([tokenizer.push(samples), tokenizer.flush()])


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
    return Recording(template.recording, samples[:, 0], template.said)


def _flac(samples: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, samples, RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
