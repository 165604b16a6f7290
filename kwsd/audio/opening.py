"""Opening of a recording: a file as it is, and a pipe as one that can be decoded."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from kwsd.errors import AudioError
from kwsd.printable import printable

STDIN = Path("/dev/stdin")
_HEAD = 12  # bytes that tell a WAV file from others


def shown(path: Path) -> str:
    """The path as text that every terminal and log can print."""
    return printable(str(path))


def open_recording(path: Path) -> BinaryIO:
    """The bytes of a recording, with a file descriptor.

    A pipe with a WAV file stays a pipe, so that its detections come while it is written. Decoders of other formats go
    back in a file: their pipe is copied to a temporary file first, on disk. FFmpeg would read WebM, Matroska, raw AAC
    and MPEG-TS from the pipe itself, with the same samples, but not an m4a with its index at the end.

    Raises:
        AudioError: the path is missing, a folder, empty or not readable, or a pipe cannot be copied.
    """
    file = _open(path)
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode):
        if not status.st_size:
            file.close()
            raise AudioError(f"{shown(path)} is empty")
        return file
    with file:
        head = _read_head(file, path)
        if not head:
            raise AudioError(f"{shown(path)} is empty")
        is_wav = head[:4] in (b"RIFF", b"RIFX") and head[8:12] == b"WAVE"
        return relayed(file, head) if is_wav else _copied(file, head, path)


def is_pipe(file: BinaryIO) -> bool:
    """Whether an open recording can be read only once, from its first byte to its last."""
    return not stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def is_read_once(path: Path) -> bool:
    """Whether a second opening of the path would not give the same bytes again: it is a pipe, or missing."""
    return not path.is_file()


def relayed(pipe: BinaryIO, head: bytes) -> BinaryIO:
    """A pipe that begins again with the bytes that were read."""
    inlet, outlet = os.pipe()
    arguments = (os.dup(pipe.fileno()), outlet, head)
    threading.Thread(target=_relay, args=arguments, name="kwsd-relay", daemon=True).start()
    return os.fdopen(inlet, "rb", buffering=0)


def _open(path: Path) -> BinaryIO:
    try:
        file: BinaryIO = path.open("rb", buffering=0)
    except FileNotFoundError:
        raise AudioError(f"{shown(path)} does not exist") from None
    except IsADirectoryError:
        raise AudioError(f"{shown(path)} is a directory, not a recording") from None
    except OSError as error:
        raise AudioError(f"{shown(path)} cannot be read: {error.strerror}") from None
    if file.isatty():
        file.close()
        raise AudioError(f"{shown(path)} is a terminal: pipe a recording into it")
    return file


def _read_head(file: BinaryIO, path: Path) -> bytes:
    head = b""
    try:
        while len(head) < _HEAD and (more := file.read(_HEAD - len(head))):
            head += more
    except OSError as error:
        raise AudioError(f"{shown(path)} cannot be read: {error.strerror}") from None
    return head


def _copied(pipe: BinaryIO, head: bytes, path: Path) -> BinaryIO:
    try:
        copy: BinaryIO = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the caller closes it
        copy.write(head)
        shutil.copyfileobj(pipe, copy)
        copy.seek(0)
    except OSError as error:
        reason = f"{shown(path)} cannot be copied to {tempfile.gettempdir()}: {error.strerror}"
        raise AudioError(f"{reason}; name a folder with more room in TMPDIR") from None
    return copy


def _relay(source: int, outlet: int, head: bytes) -> None:
    with suppress(OSError), os.fdopen(source, "rb", buffering=0) as pipe, os.fdopen(outlet, "wb", buffering=0) as out:
        out.write(head)
        shutil.copyfileobj(pipe, out)
