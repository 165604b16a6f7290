"""Audio files: a file as a source, a short file as one array, and the search of folders for audio files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from kwsd.audio.decode import AudioFile
from kwsd.audio.opening import shown
from kwsd.audio.resample import Resampler
from kwsd.audio.source import RATE, Block, Samples
from kwsd.audio.wake import Wake
from kwsd.errors import AudioError, NoRecordingsError

COMMON = {".aif", ".aiff", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav"}
MEDIA = {".3gp", ".aac", ".ac3", ".amr", ".asf", ".avi", ".flv", ".m4a", ".m4b", ".m4v", ".mkv", ".mov", ".mp4"}
MEDIA |= {".mpeg", ".mpg", ".mts", ".spx", ".ts", ".webm", ".wma", ".wmv", ".wv"}  # these need kwsd[media]
SUFFIXES = COMMON | MEDIA | {".aifc", ".au", ".caf", ".rf64", ".snd", ".sph", ".w64", ".wave"}
REALTIME_BLOCK = 0.04  # s, one frame of the tokenizer: short, for a low latency
FILE_BLOCK = 2.56  # s, 64 frames of the tokenizer: long, for a high throughput


class FileSource:
    """A file as a source: any format that libsndfile or PyAV reads, in memory that does not depend on its length.

    Every block but the last has exactly `block` seconds; the default is 2.56 s, and 0.04 s with `realtime`, or `due`
    seconds if that is more. With `realtime` each block is returned at the time of its last sample on a monotonic clock
    that starts with `blocks`: a consumer that was slow gets the next blocks at once, and the delay does not add up.

    Args:
        path: the file.
        realtime: whether blocks are returned at the pace of their time.
        block: seconds of audio in a block.
        channel: the channel to read, from 0; the mean of all channels if None.

    Attributes:
        name: the path.
        due: seconds that the next block should have at least, with `realtime`.
        seconds: the length in the header, None if the header has none.
        waiting: seconds by which the consumer is behind, with `realtime`.
        channels: number of channels of the file.

    Raises:
        AudioError: the file is missing, unreadable, empty, not audio, needs kwsd[media], has no such channel, or its
            sample rate is not supported.
    """

    def __init__(
        self, path: str | Path, realtime: bool = False, block: float | None = None, channel: int | None = None
    ) -> None:
        self._file = AudioFile(Path(path))
        self.name = shown(Path(path))
        self.seconds, self.channels = self._file.seconds, self._file.channels
        self._channel = channel
        if channel is not None and not 0 <= channel < self.channels:
            self._file.close()
            raise AudioError(f"{self.name} has no channel {channel + 1}; it has {self.channels}")
        self._realtime = realtime
        self._block = block or (REALTIME_BLOCK if realtime else FILE_BLOCK)
        self.due = self.waiting = 0.0
        self._wake = Wake()
        self._started = False
        self._closed = False

    @property
    def damage(self) -> str | None:
        """After the last block, one sentence if the file is shorter than its header says, else None."""
        return self._file.damage

    def blocks(self) -> Iterator[Block]:
        """The blocks of the file, from its first sample to its last.

        Raises:
            AudioError: there is no audio after the header, or a sample is NaN or infinite.
        """
        self._started = True
        with closing(self._file):
            if not self._closed:
                yield from self._realtime_blocks() if self._realtime else self._file_blocks()

    def close(self) -> None:
        """Make `blocks` end before its next block; it does not wait for real time any more."""
        self._closed = True
        self._wake.set()
        if not self._started:
            self._file.close()

    def _size(self) -> int:
        return max(1, round(max(self._block, self.due if self._realtime else 0.0) * RATE))

    def _file_blocks(self) -> Iterator[Block]:
        done = 0
        for samples in _pieces(_resampled(self._file, self._channel), self._size):
            if self._closed:
                return
            yield Block(np.clip(samples, -1, 1), done / RATE)
            done += len(samples)

    def _realtime_blocks(self) -> Iterator[Block]:
        start, wall = time.monotonic(), time.time()
        for block in self._file_blocks():
            if not self._sleep_until(start + block.time + block.seconds):
                return
            yield Block(block.samples, block.time, wall + block.time)

    def _sleep_until(self, due: float) -> bool:
        left = due - time.monotonic()
        self.waiting = max(0.0, -left)
        if not self._closed and left > 0:
            self._wake.wait(left)
        return not self._closed


def read(path: str | Path, limit: float | None = 60.0) -> Samples:
    """All samples of a short audio file, [n] float32 mono at 16 kHz in [-1, 1].

    Raises:
        AudioError: as FileSource and its blocks, or the file lasts longer than `limit` seconds, or is truncated.
    """
    with closing(AudioFile(Path(path))) as file:
        whole: Samples = np.concatenate(list(_limited(_resampled(file), limit, shown(Path(path)))))
        if file.damage:
            raise AudioError(file.damage)
    return whole.clip(-1, 1)


def audio_files(paths: Iterable[str | Path], recursive: bool = False) -> list[Path]:
    """The audio files at the paths, each once: files as given, and directories replaced by the audio files below them.

    Audio files below a directory are recognised by their suffix and sorted; hidden files and folders are left out. A
    path of a file is returned whatever the file is: the function that opens it says what is wrong with it.

    Raises:
        AudioError: a directory without `recursive`, a directory that cannot be listed, or one without recordings.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        found.update(dict.fromkeys(_below(path, recursive) if path.is_dir() else [path]))
    return list(found)


def _below(folder: Path, recursive: bool) -> list[Path]:
    if not recursive:
        raise AudioError(f"{shown(folder)} is a directory; pass --recursive to read the recordings in it")
    found = sorted(_walk(folder))
    if not found:
        raise NoRecordingsError(f"{shown(folder)} holds no recordings ({', '.join(sorted(COMMON))} and the like)")
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = [name for name in files if not name.startswith(".")]
        yield from (Path(parent, name) for name in names if Path(name).suffix.lower() in SUFFIXES)


def _refuse(error: OSError) -> None:
    raise AudioError(f"{shown(Path(error.filename))} cannot be listed: {error.strerror}") from None


def _resampled(file: AudioFile, channel: int | None = None) -> Iterator[Samples]:
    resampler = Resampler(file.rate)
    yield from map(resampler.push, file.chunks(channel))
    yield resampler.flush()


def _limited(parts: Iterable[Samples], limit: float | None, name: str) -> Iterator[Samples]:
    done = 0
    for part in parts:
        done += len(part)
        if limit is not None and done > limit * RATE:
            raise AudioError(f"{name} lasts longer than {limit:g} s; cut it to the part that matters")
        yield part


def _pieces(parts: Iterable[Samples], size: Callable[[], int]) -> Iterator[Samples]:
    """The samples in pieces of the size that is asked for before each piece."""
    rest: Samples = np.zeros(0, np.float32)
    for part in parts:
        rest = np.concatenate((rest, part))
        while len(rest) >= (wanted := size()):
            yield rest[:wanted]
            rest = rest[wanted:]
    if len(rest):
        yield rest
