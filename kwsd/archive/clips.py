"""Cut hits out of their audio files, write them as FLAC files, or play them."""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from kwsd.archive.search.hit import Hit
from kwsd.audio import portaudio
from kwsd.audio.decode import AudioFile
from kwsd.audio.opening import shown
from kwsd.audio.samples import check_finite, mix
from kwsd.audio.source import Samples
from kwsd.errors import ArchiveError, AudioError, DeviceError
from kwsd.private_files import make_private, open_private

ADVICE = "`kwsd search --clips DIR` writes files to play elsewhere"
MARGIN = 0.5  # s before and after a hit that are cut out with it


@dataclass(frozen=True)
class Clip:
    """A part of a recording: samples [n] float32, the mean of the channels, at the recording's own rate in Hz."""

    samples: Samples
    rate: int


def cut(hit: Hit) -> Clip:
    """Cut out a hit with MARGIN seconds before and after it, as far as the file reaches.

    Raises:
        AudioError: the hit is from a live stream, or its file is missing, unreadable or too short.
    """
    with closing(Cutter()) as cutter:
        return cutter.cut(hit)


class Cutter:
    """Cuts hits out of their files; a file that must be read from its start is read once for hits in their order."""

    def __init__(self) -> None:
        self._path = ""
        self._passage: _Passage | None = None

    def cut(self, hit: Hit) -> Clip:
        """See `cut`."""
        path = Path(hit.path)
        if hit.heard is not None:
            raise AudioError(f"{shown(path)} was heard live: there is no file that the hit could be cut out of")
        if hit.path != self._path or self._passage is None:
            self.close()
            self._passage, self._path = _Passage(path), hit.path
        passage = self._passage
        first = round(max(0.0, hit.start - MARGIN) * passage.rate)
        samples = passage.between(first, round((hit.end + MARGIN) * passage.rate))
        if not len(samples):
            raise AudioError(
                f"{shown(path)} is shorter than it was: bring the index up to date with `kwsd index build`"
            )
        return Clip(samples, passage.rate)

    def close(self) -> None:
        """Close the file that is open."""
        if self._passage:
            self._passage.close()
            self._passage = None


def folder_for(path: Path) -> Path:
    """Create a folder for clips that only its owner can enter, if it does not exist, and return it.

    Raises:
        ArchiveError: it cannot be created.
    """
    try:
        make_private(path)
    except OSError as error:
        raise ArchiveError(f"{shown(path)} cannot be a folder of clips: {error.strerror}") from None
    return path


def name(rank: int, hit: Hit) -> str:
    """The name of a clip's file: the hit's rank, its file's stem and its start in seconds."""
    return f"{rank:03d}-{Path(hit.path).stem}-{hit.start:.2f}.flac"


def write(clip: Clip, path: Path) -> None:
    """Write a clip as FLAC that only its owner can read.

    Raises:
        ArchiveError: the file exists already and is not changed, or it cannot be written.
    """
    content = to_flac(clip, path)
    try:
        file = open_private(path, "xb")
    except FileExistsError:
        raise ArchiveError(f"{shown(path)} is there already: name another folder for the clips") from None
    except OSError as error:
        raise ArchiveError(f"{shown(path)} cannot be written: {error.strerror}") from None
    try:
        with file:
            file.write(content)
    except OSError as error:
        path.unlink()
        raise ArchiveError(f"{shown(path)} cannot be written: {error.strerror}") from None


def to_flac(clip: Clip, path: Path) -> bytes:
    """A clip as FLAC; raises ArchiveError, with the path, if it cannot be."""
    content = io.BytesIO()
    try:
        soundfile.write(content, clip.samples, clip.rate, format="FLAC")
    except soundfile.LibsndfileError as error:
        raise ArchiveError(f"{shown(path)} cannot be written as FLAC: {error.error_string}") from None
    return content.getvalue()


def play(clip: Clip) -> None:
    """Play a clip to its end through the default speaker; an interrupt stops it.

    Raises:
        DeviceError: PortAudio is not installed, or the speaker cannot be opened.
    """
    library, own = portaudio.load(), speaker()
    try:
        library.play(soxr.resample(clip.samples, clip.rate, own), own, blocking=True)
    except library.PortAudioError as error:
        raise DeviceError(f"the speaker will not open: {error}; {ADVICE}") from None
    finally:
        library.stop()


def speaker() -> int:
    """The sampling rate of the default speaker in Hz; some devices accept no other rate.

    Raises:
        DeviceError: PortAudio is not installed, or there is no speaker.
    """
    library = portaudio.load()
    try:
        rate: float = library.query_devices(kind="output")["default_samplerate"]
    except (library.PortAudioError, ValueError) as error:
        raise DeviceError(f"no speaker was found: {error}; {ADVICE}") from None
    return round(rate)


def _read_by_seeking(path: Path, first: int, last: int) -> Samples | None:
    """The mean of the channels from sample `first` to `last`; None if the file cannot be read from there."""
    try:
        with soundfile.SoundFile(path) as sound:
            if sound.format == "MP3":  # its decoder prints warnings after a seek
                return None
            sound.seek(first)
            samples = mix(sound.read(last - first, dtype="float32", always_2d=True))
    except soundfile.LibsndfileError:
        return None
    check_finite(samples, first, sound.samplerate, shown(path))
    return samples


class _Passage:
    """The samples of a file between any two of them, the mean of the channels; raises AudioError as AudioFile does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def between(self, first: int, last: int) -> Samples:
        """From sample `first` to `last`, as far as there are samples."""
        samples = _read_by_seeking(self._path, first, last)
        return self._read_on(first, last) if samples is None else samples

    def close(self) -> None:
        self._file.close()

    def _open(self) -> None:
        self._file = AudioFile(self._path)
        self.rate = self._file.rate
        self._chunks = self._file.chunks()
        self._kept, self._first = np.zeros(0, np.float32), 0  # samples, and which one of the file is the first of them

    def _read_on(self, first: int, last: int) -> Samples:
        if first < self._first:
            self.close()
            self._open()
        parts, done = [self._kept], self._first + len(self._kept)
        while done < last and (chunk := next(self._chunks, None)) is not None:
            done += len(chunk)
            if done <= first:
                parts = [chunk[:0]]
            else:
                parts.append(chunk)
        self._kept = np.concatenate(parts)
        self._first = done - len(self._kept)
        at = max(0, first - self._first)
        self._kept, self._first = self._kept[at:], self._first + min(at, len(self._kept))
        return self._kept[: max(0, last - self._first)]
