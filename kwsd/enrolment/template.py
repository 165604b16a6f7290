"""Making a template from a recording of the phrase."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from kwsd.audio.files import read
from kwsd.audio.trim import speech_span
from kwsd.keywords.keyword import Template
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

CONTEXT = 1.0  # seconds of frames kept before and after the phrase


@dataclass(frozen=True)
class Recording:
    """A recording in memory.

    Attributes:
        name: its name in reports.
        samples: [n] float32 mono at 16 kHz, in [-1, 1].
    """

    name: str
    samples: NDArray[np.float32]


def template_of(recording: Path | Recording, tokenizer: Tokenizer, *, keep_audio: bool = False) -> Template:
    """The template of a recording in which the phrase is spoken once.

    Args:
        recording: a file, or samples in memory.
        tokenizer: is reset.
        keep_audio: store the recording in the template, as FLAC.

    Raises:
        AudioError: the recording cannot be used.
    """
    samples = recording.samples if isinstance(recording, Recording) else read(recording)
    start, end = speech_span(samples)
    tokenizer.reset()
    heard = Frames.join([tokenizer.push(samples), tokenizer.flush()]).between(start - CONTEXT, end + CONTEXT)
    return Template(recording.name, heard, start, end, _flac(samples, tokenizer.rate) if keep_audio else None)


def _flac(samples: NDArray[np.float32], rate: int) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, samples, rate, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
