"""Atomic writes: a file is replaced as a whole or not at all, and only its owner can read it.

The new content is written to a temporary file, which is locked for as long as it is written. A process that is killed
leaves it behind without a lock, and the next write to the folder deletes it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kwsd.errors import StoreError
from kwsd.private_files import FILE, make_private
from kwsd.system import HAS_FLOCK, lock, set_mode

PREFIX, SUFFIX = ".kwsd-", ".part"
STALE = 60.0  # s; on Windows a younger file may be about to be renamed, without a lock


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces the file at `path` when it was written completely and synced to disk.

    Raises:
        StoreError: the folder or the file cannot be written; an older file at `path` is unchanged.
    """
    try:
        make_private(path.parent)
        _remove_stale(path.parent)
        part, handle = _locked_part(path.parent)
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            set_mode(handle, FILE)
            os.fsync(handle)
            _check_replaceable(path)
            if HAS_FLOCK:
                part.replace(path)  # before the file is closed, which releases the lock
        if not HAS_FLOCK:
            part.replace(path)  # an open file cannot be replaced there
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _check_replaceable(path: Path) -> None:
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(22, "it is a device or a pipe")


def _locked_part(folder: Path) -> tuple[Path, int]:
    """A new temporary file, and its handle, which holds its lock."""
    while True:
        handle, name = tempfile.mkstemp(dir=folder, prefix=PREFIX, suffix=SUFFIX)
        if _lock(handle) is not False and (not HAS_FLOCK or _is_at(Path(name), handle)):
            return Path(name), handle
        os.close(handle)  # another process found it before it was locked, and deletes it


def _remove_stale(folder: Path) -> None:
    for part in folder.glob(f"{PREFIX}*{SUFFIX}"):
        with contextlib.suppress(OSError):
            with part.open("rb") as file:
                is_stale = _lock(file.fileno())
                if is_stale and HAS_FLOCK:
                    part.unlink()
            if is_stale and not HAS_FLOCK and time.time() - part.stat().st_mtime > STALE:
                part.unlink()  # an open file cannot be deleted there


def _lock(handle: int) -> bool | None:
    """Whether the lock of a file was free and is taken now; None where the file system has no locks."""
    try:
        lock(handle)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
