"""Decoding of one audio file, from its first sample to its last, with libsndfile or, if it cannot, with PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import soundfile

from kwsd.audio.media import MediaDecoder
from kwsd.audio.opening import is_pipe, open_recording, shown
from kwsd.audio.resample import check_rate
from kwsd.audio.samples import check_finite, mix
from kwsd.audio.signatures import media_format
from kwsd.audio.sndfile import SndfileDecoder
from kwsd.audio.source import Samples
from kwsd.errors import AudioError

FORMATS = "WAV, FLAC, OGG, Opus, MP3 and AIFF are read, and with kwsd[media] m4a, AAC, WebM, AMR, Speex and video"
TOLERANCE = 0.1  # s; MP3 headers may be wrong by a few frames


class Decoder(Protocol):
    """A decoder of an open file.

    Attributes:
        rate: sample rate in Hz.
        channels: number of channels.
        seconds: the length in the header, None if the header has none.
    """

    rate: int
    channels: int
    seconds: float | None

    def chunks(self) -> Iterator[Samples]:
        """Samples [n, channels] float32, in chunks of about a second; each is valid until the next is taken."""
        ...

    def fault(self) -> str | None:
        """After the last chunk, what is missing or broken, if the decoder noticed it."""
        ...

    def close(self) -> None:
        """Close the decoder, and not the file."""
        ...


class AudioFile:
    """An open audio file: the properties in its header, and its samples, which can be read once.

    Attributes:
        path: the file.
        rate: sample rate in Hz.
        channels: number of channels.
        seconds: the length in the header, None if the header has none.
        damage: after the last chunk, one sentence if the file is shorter than its header says or parts of it could not
            be decoded, else None.

    Raises:
        AudioError: the file is missing, unreadable, empty, not audio, needs an extra that is not installed, or its
            sample rate is not supported.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: str | None = None
        self._file = open_recording(path)
        try:
            self._decoder = _decoder(self._file, path)
            self.rate, self.channels, self.seconds = (
                self._decoder.rate,
                self._decoder.channels,
                self._decoder.seconds,
            )
            check_rate(self.rate, shown(path))
        except AudioError:
            self._file.close()
            raise

    def chunks(self, channel: int | None = None) -> Iterator[Samples]:
        """One channel, from 0, or the mean of all, [n] float32 at the file's own rate, in chunks of about a second.

        Raises:
            AudioError: there is no audio after the header, or a sample is NaN or infinite.
        """
        done, name = 0, shown(self.path)
        for frames in self._frames():
            mono = mix(frames) if channel is None else frames[:, channel].copy()
            check_finite(mono, done, self.rate, name)
            done += len(mono)
            yield mono
        self._check_length(done / self.rate)

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()
        self._file.close()

    def _frames(self) -> Iterator[Samples]:
        try:
            yield from self._decoder.chunks()
        except AudioError as error:  # of PyAV's decoder, which does not know the name
            raise AudioError(f"{shown(self.path)} cannot be read to its end: {error}") from None

    def _check_length(self, seconds: float) -> None:
        if seconds == 0:
            raise AudioError(f"{shown(self.path)} holds no audio that can be read")
        fault = self._decoder.fault()
        if self.seconds is not None and seconds < self.seconds - TOLERANCE:
            fault = f"{seconds:.2f} s of {self.seconds:.2f} s could be read"
        if fault:
            self.damage = f"{shown(self.path)} is damaged or cut short: {fault}"


def _decoder(file: BinaryIO, path: Path) -> Decoder:
    try:
        return SndfileDecoder(file)
    except soundfile.LibsndfileError:
        kind = None if is_pipe(file) else media_format(file)
    if kind is None:
        raise AudioError(f"{shown(path)} is not a recording that can be read; {FORMATS}")
    try:
        file.seek(0)
        return MediaDecoder(file)
    except ImportError:
        raise AudioError(f'{shown(path)} is {kind}: `pip install "kwsd[media]"` to read it') from None
    except AudioError as error:
        raise AudioError(f"{shown(path)} is {kind} that cannot be read: {error}") from None
