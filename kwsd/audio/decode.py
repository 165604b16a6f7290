"""Decoding of one audio file with libsndfile, from its first sample to its last."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile

from kwsd.audio.resample import check_rate
from kwsd.audio.samples import check_finite, mix
from kwsd.audio.source import Samples
from kwsd.errors import AudioError
from kwsd.printable import printable

FORMATS = "WAV, FLAC, OGG, Opus, MP3 and AIFF are read"
MAX_CHUNK = 1 << 20  # samples of all channels together that are in memory at a time
UNKNOWN_LENGTH = 1 << 62  # libsndfile's frame counts of streams without a length are larger
UNKNOWN_SIZE = 0x7FFFF000  # programs that do not know the length write RIFF sizes from here on
TOLERANCE = 0.1  # s; MP3 headers may be wrong by a few frames


class _ForwardSoundFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A sound file that is never sought.

    soundfile seeks to the current position after each read of a seekable file. In an MP3 this discards the bit
    reservoir, and the next frames are decoded wrongly; in a truncated FLAC it raises, and the last samples are lost.
    """

    def seekable(self) -> bool:
        return False


def shown(path: Path) -> str:
    """The path as text that every terminal and log can print."""
    return printable(str(path))


class AudioFile:
    """An open audio file: the properties in its header, and its samples, which can be read once.

    Attributes:
        path: the file.
        rate: sample rate in Hz.
        channels: number of channels.
        seconds: the length in the header, None if the header has none.
        damage: after the last chunk, one sentence if the file is shorter than its header says, else None.

    Raises:
        AudioError: the file is missing, unreadable, empty, not audio, or its sample rate is not supported.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: str | None = None
        self._file = _open(path)
        try:
            self._sound = _decoder(self._file, path)
            self.rate: int = self._sound.samplerate
            self.channels: int = self._sound.channels
            check_rate(self.rate, shown(path))
        except AudioError:
            self._file.close()
            raise
        frames = self._sound.frames
        self.seconds: float | None = frames / self.rate if frames < UNKNOWN_LENGTH else None

    def chunks(self) -> Iterator[Samples]:
        """The mean of the channels, [n] float32 at the file's own rate, in chunks of about a second.

        Raises:
            AudioError: there is no audio after the header, or a sample is NaN or infinite.
        """
        buffer = np.empty((max(1, min(self.rate, MAX_CHUNK // self.channels)), self.channels), np.float32)
        done = 0
        while count := self._fill(buffer):
            mono = mix(buffer[:count])
            check_finite(mono, done, self.rate, shown(self.path))
            done += count
            yield mono
        self._check_length(done / self.rate)

    def close(self) -> None:
        """Close the file."""
        self._sound.close()
        self._file.close()

    def _fill(self, buffer: Samples) -> int:
        # A decoder that fails does not say how many samples it wrote: those that it did not write are still NaN.
        buffer.fill(np.nan)
        try:
            return len(self._sound.read(out=buffer))
        except soundfile.LibsndfileError:
            missing = np.isnan(buffer[:, 0])
            return int(missing.argmax()) if missing.any() else len(buffer)

    def _check_length(self, seconds: float) -> None:
        if seconds == 0:
            raise AudioError(f"{shown(self.path)} holds no audio that can be read")
        if self.seconds is not None and seconds < self.seconds - TOLERANCE:
            readable = f"{seconds:.2f} s of {self.seconds:.2f} s could be read"
            self.damage = f"{shown(self.path)} is damaged or cut short: {readable}"
        elif missing := _bytes_missing(self._file):
            self.damage = f"{shown(self.path)} is damaged or cut short: its last {missing} bytes are missing"


def _open(path: Path) -> BinaryIO:
    try:
        file: BinaryIO = path.open("rb", buffering=0)
    except FileNotFoundError:
        raise AudioError(f"{shown(path)} does not exist") from None
    except IsADirectoryError:
        raise AudioError(f"{shown(path)} is a directory, not a recording") from None
    except OSError as error:
        raise AudioError(f"{shown(path)} cannot be read: {error.strerror}") from None
    return file


def _bytes_missing(file: BinaryIO) -> int:
    """By how many bytes a WAV file is shorter than its header says; libsndfile does not report it."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        return 0
    kind, size = struct.unpack("<4sI", os.pread(file.fileno(), 8, 0).ljust(8, b"\0"))
    return max(0, size + 8 - status.st_size) if kind == b"RIFF" and size < UNKNOWN_SIZE else 0


def _decoder(file: BinaryIO, path: Path) -> Any:
    # From a descriptor libsndfile recognises the format by the content alone: a text file called .mp3 is not tried as
    # MP3, which would print the decoder's messages.
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode) and not status.st_size:
        raise AudioError(f"{shown(path)} is empty")
    try:
        return _ForwardSoundFile(file.fileno(), closefd=False)
    except soundfile.LibsndfileError:
        raise AudioError(f"{shown(path)} is not a recording that can be read; {FORMATS}") from None
