"""Decoding with libsndfile: WAV, FLAC, OGG, Opus, MP3, AIFF and others, from the first sample to the last."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import soundfile

from kwsd.audio.opening import is_pipe
from kwsd.audio.source import Samples
from kwsd.system import read_at

MAX_CHUNK = 1 << 20  # samples of all channels together that are in memory at a time
UNKNOWN_LENGTH = 1 << 62  # libsndfile's frame counts of streams without a length are larger
UNKNOWN_SIZE = 0x7FFFF000  # programs that do not know the length write RIFF sizes from here on


class _ForwardSoundFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A sound file that is never sought.

    soundfile seeks to the current position after each read of a seekable file. In an MP3 this discards the bit
    reservoir, and the next frames are decoded wrongly; in a truncated FLAC it raises, and the last samples are lost.
    """

    def seekable(self) -> bool:
        return False


class SndfileDecoder:
    """The decoder of a file that libsndfile reads; attributes as those of `kwsd.audio.decode.Decoder`.

    Raises:
        soundfile.LibsndfileError: libsndfile does not read this format.
    """

    def __init__(self, file: BinaryIO) -> None:
        # From a descriptor libsndfile recognises the format by the content alone: a text file called .mp3 is not tried
        # as MP3, which would print the decoder's messages.
        self._file = file
        self._sound = _ForwardSoundFile(file.fileno(), closefd=False)
        self.rate: int = self._sound.samplerate
        self.channels: int = self._sound.channels
        frames = self._sound.frames
        # A program that writes into a pipe does not know the length, and writes any large number.
        known = frames < UNKNOWN_LENGTH and not is_pipe(file)
        self.seconds: float | None = frames / self.rate if known else None

    def chunks(self) -> Iterator[Samples]:
        """Samples [n, channels] float32, in chunks of about a second; each is valid until the next is taken."""
        buffer = np.empty((max(1, min(self.rate, MAX_CHUNK // self.channels)), self.channels), np.float32)
        while count := self._fill(buffer):
            yield buffer[:count]

    def fault(self) -> str | None:
        """How many bytes a WAV file is shorter than its header says, which libsndfile does not report."""
        missing = _bytes_missing(self._file)
        return f"its last {missing} bytes are missing" if missing else None

    def close(self) -> None:
        """Close the decoder, and not the file."""
        self._sound.close()

    def _fill(self, buffer: Samples) -> int:
        # A decoder that fails does not say how many samples it wrote: those that it did not write are still NaN.
        buffer.fill(np.nan)
        try:
            return len(self._sound.read(out=buffer))
        except soundfile.LibsndfileError:
            missing = np.isnan(buffer[:, 0])
            return int(missing.argmax()) if missing.any() else len(buffer)


def _bytes_missing(file: BinaryIO) -> int:
    if is_pipe(file):
        return 0
    kind, size = struct.unpack("<4sI", read_at(file, 8, 0).ljust(8, b"\0"))
    return max(0, size + 8 - os.fstat(file.fileno()).st_size) if kind == b"RIFF" and size < UNKNOWN_SIZE else 0
