"""Recordings on disk: one as a stream, a short one whole, and the ones that a list of paths stands for."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from kwsd.audio.decode import Recording, shown
from kwsd.audio.resample import Resampler
from kwsd.audio.source import RATE, Block, Samples
from kwsd.errors import AudioError, NoRecordingsError

COMMON = {".aif", ".aiff", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav"}
SUFFIXES = COMMON | {".aifc", ".au", ".caf", ".rf64", ".snd", ".sph", ".w64", ".wave"}
PROMPT, EFFICIENT = 0.08, 2.56  # s of a block; two and 64 frames of the tokenizer
PATIENCE = 0.05  # s; how long a paced source sleeps before it looks whether it was closed


class FileSource:
    """A file as a source: any format that libsndfile reads, any length in the same memory.

    Every block but the last has exactly `block` seconds: if not said, long enough to be efficient, and short enough to
    be prompt in real time. With `realtime` a block comes when its last sample would have been heard, against a
    monotonic clock, so that a slow consumer catches up and nothing drifts.

    Attributes:
        name: the path.
        seconds: the length that the header promises, None if it promises none.

    Raises:
        AudioError: the file is missing, unreadable, empty, not audio, or below 8 kHz.
    """

    def __init__(self, path: str | Path, realtime: bool = False, block: float | None = None) -> None:
        self._recording = Recording(Path(path))
        self.name = shown(Path(path))
        self.seconds = self._recording.seconds
        self._realtime = realtime
        self._size = max(1, round((block or (PROMPT if realtime else EFFICIENT)) * RATE))
        self._begun = False
        self._closed = False

    @property
    def damage(self) -> str | None:
        """After the last block, one sentence if the file ended before it should have."""
        return self._recording.damage

    def blocks(self) -> Iterator[Block]:
        """The file from its first sample to its last.

        Raises:
            AudioError: there is no audio after the header, or a sample is NaN or infinite.
        """
        self._begun = True
        with closing(self._recording):
            if not self._closed:
                yield from self._paced() if self._realtime else self._cut()

    def close(self) -> None:
        """Make `blocks` end soon."""
        self._closed = True
        if not self._begun:
            self._recording.close()

    def _cut(self) -> Iterator[Block]:
        done = 0
        for samples in _in_pieces(_at_rate(self._recording), self._size):
            if self._closed:
                return
            yield Block(np.clip(samples, -1, 1), done / RATE)
            done += len(samples)

    def _paced(self) -> Iterator[Block]:
        start, wall = time.monotonic(), time.time()
        for block in self._cut():
            if not self._sleep_until(start + block.time + block.seconds):
                return
            yield Block(block.samples, block.time, wall + block.time)

    def _sleep_until(self, due: float) -> bool:
        while not self._closed and (left := due - time.monotonic()) > 0:
            time.sleep(min(left, PATIENCE))
        return not self._closed


def read(path: str | Path, limit: float | None = 60.0) -> Samples:
    """The whole of a short recording, [n] float32 mono at 16 kHz in [-1, 1].

    Raises:
        AudioError: as FileSource and its blocks, or the recording lasts longer than `limit` seconds, or is truncated.
    """
    with closing(Recording(Path(path))) as recording:
        whole: Samples = np.concatenate(list(_within(_at_rate(recording), limit, shown(Path(path)))))
        if recording.damage:
            raise AudioError(recording.damage)
    return whole.clip(-1, 1)


def audio_files(paths: Iterable[str | Path], recursive: bool = False) -> list[Path]:
    """The recordings that the paths stand for, each once: files as given, directories as what lies below them.

    Below a directory, files count by their suffix and come sorted; hidden ones are left out. A file that was named
    is kept whatever it is, so that whoever opens it can say what is wrong with it.

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


def _at_rate(recording: Recording) -> Iterator[Samples]:
    resampler = Resampler(recording.rate)
    yield from map(resampler.push, recording.chunks())
    yield resampler.flush()


def _within(parts: Iterable[Samples], limit: float | None, name: str) -> Iterator[Samples]:
    done = 0
    for part in parts:
        done += len(part)
        if limit is not None and done > limit * RATE:
            raise AudioError(f"{name} lasts longer than {limit:g} s; cut it to the part that matters")
        yield part


def _in_pieces(parts: Iterable[Samples], size: int) -> Iterator[Samples]:
    rest: Samples = np.zeros(0, np.float32)
    for part in parts:
        joined = np.concatenate((rest, part))
        whole = len(joined) - len(joined) % size
        yield from (joined[at : at + size] for at in range(0, whole, size))
        rest = joined[whole:]
    if len(rest):
        yield rest
