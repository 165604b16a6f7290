"""Hits cut out of their files, to be kept or to be heard."""

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
from kwsd.audio.decode import AudioFile, shown
from kwsd.audio.samples import check_finite, mix
from kwsd.audio.source import Samples
from kwsd.errors import ArchiveError, AudioError, DeviceError

INSTEAD = "`kwsd search --clips DIR` writes files to play elsewhere"
MARGIN = 0.5  # s before and after a hit that are cut out with it


@dataclass(frozen=True)
class Clip:
    """A stretch of a recording: samples [n] float32, the mean of the channels, at the recording's own rate in Hz."""

    samples: Samples
    rate: int


def cut(hit: Hit) -> Clip:
    """A hit with half a second around it, as far as the file has that.

    Raises:
        AudioError: the hit was heard live, or its file is gone, cannot be read, or no longer reaches so far.
    """
    path = Path(hit.path)
    if hit.heard is not None:
        raise AudioError(f"{shown(path)} was heard live: there is no file that the hit could be cut out of")
    with closing(AudioFile(path)) as recording:
        first = round(max(0.0, hit.start - MARGIN) * recording.rate)
        last = round((hit.end + MARGIN) * recording.rate)
        samples = _sought(path, first, last)
        if samples is None:
            samples = _read_through(recording, first, last)
        if not len(samples):
            raise AudioError(
                f"{shown(path)} is shorter than it was: bring the index up to date with `kwsd index build`"
            )
        return Clip(samples, recording.rate)


def folder_for(path: Path) -> Path:
    """A folder that clips can be written to, made if it is not there.

    Raises:
        ArchiveError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArchiveError(f"{shown(path)} cannot be a folder of clips: {error.strerror}") from None
    return path


def name(rank: int, hit: Hit) -> str:
    """What a clip's file is called: the hit's rank, its file's name and its start in seconds."""
    return f"{rank:03d}-{Path(hit.path).stem}-{hit.start:.2f}.flac"


def write(clip: Clip, path: Path) -> None:
    """Write a clip as FLAC.

    Raises:
        ArchiveError: there is a file of that name, which stays as it is, or it cannot be written.
    """
    content = _flac(clip, path)
    try:
        file = path.open("xb")
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


def play(clip: Clip) -> None:
    """Play a clip to its end through the default speaker; an interrupt stops it.

    Raises:
        DeviceError: PortAudio is not installed, or no speaker will open.
    """
    library, own = portaudio.load(), speaker()
    try:
        library.play(soxr.resample(clip.samples, clip.rate, own), own, blocking=True)
    except library.PortAudioError as error:
        raise DeviceError(f"the speaker will not open: {error}; {INSTEAD}") from None
    finally:
        library.stop()


def speaker() -> int:
    """The rate of the default speaker in Hz, which is the only one that some devices take.

    Raises:
        DeviceError: PortAudio is not installed, or there is no speaker.
    """
    library = portaudio.load()
    try:
        rate: float = library.query_devices(kind="output")["default_samplerate"]
    except (library.PortAudioError, ValueError) as error:
        raise DeviceError(f"no speaker was found: {error}; {INSTEAD}") from None
    return round(rate)


def _sought(path: Path, first: int, last: int) -> Samples | None:
    """The mean of the channels from sample `first` to `last`; None if the file cannot be read from there."""
    try:
        with soundfile.SoundFile(path) as sound:
            if sound.format == "MP3":  # its decoder complains to the terminal when it does not begin at the beginning
                return None
            sound.seek(first)
            samples = mix(sound.read(last - first, dtype="float32", always_2d=True))
    except soundfile.LibsndfileError:
        return None
    check_finite(samples, first, sound.samplerate, shown(path))
    return samples


def _read_through(recording: AudioFile, first: int, last: int) -> Samples:
    kept, done = [np.zeros(0, np.float32)], 0
    for chunk in recording.chunks():
        kept.append(chunk[max(0, first - done) : max(0, last - done)])
        done += len(chunk)
        if done >= last:
            break
    return np.concatenate(kept)


def _flac(clip: Clip, path: Path) -> bytes:
    content = io.BytesIO()
    try:
        soundfile.write(content, clip.samples, clip.rate, format="FLAC")
    except soundfile.LibsndfileError as error:
        raise ArchiveError(f"{shown(path)} cannot be written as FLAC: {error.error_string}") from None
    return content.getvalue()
