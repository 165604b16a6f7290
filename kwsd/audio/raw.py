"""Raw PCM as a WAV stream, so that it is read like a file."""

from __future__ import annotations

import struct
from typing import BinaryIO

from kwsd.audio.opening import relayed
from kwsd.audio.pcm import WIDTHS, check_layout

UNKNOWN = 0xFFFFFFFF  # the size in the header of a WAV stream whose length is not known
INTEGER, FLOAT = 1, 3  # format tags


def wav_stream(stream: BinaryIO, rate: int, width: str, channels: int, name: str = "stdin") -> BinaryIO:
    """A pipe with the WAV file of a raw stream; the arguments are those of `kwsd.audio.PcmSource`.

    Raises:
        AudioError: the layout is not supported, or the stream is a terminal.
    """
    check_layout(stream, rate, width, channels, name)
    return relayed(stream, _header(rate, WIDTHS[width], channels, FLOAT if width == "f32" else INTEGER))


def _header(rate: int, size: int, channels: int, tag: int) -> bytes:
    frame = size * channels
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, rate, rate * frame, frame, 8 * size)
    return struct.pack("<4sI4s", b"RIFF", UNKNOWN, b"WAVE") + layout + struct.pack("<4sI", b"data", UNKNOWN)
