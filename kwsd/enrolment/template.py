"""A recording of the phrase to a template."""

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

CONTEXT = 1.0  # seconds kept on both sides of the phrase


@dataclass(frozen=True)
class Recording:
    """A recording that is in memory: mono samples at 16 kHz in [-1, 1]."""

    name: str
    samples: NDArray[np.float32]


def template_of(recording: Path | Recording, tokenizer: Tokenizer, *, keep_audio: bool = False) -> Template:
    """The phrase in a recording, which holds it once.

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
