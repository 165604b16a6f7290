"""What the systems have in different ways or not at all: locks of files, their modes, and reads at an offset.

Linux and macOS have flock(2), fchmod(2) and pread(2). Windows has locks too, and neither of the others; there a file
that is open can be neither replaced nor deleted, and a new file has the access rights of its folder.
"""

from __future__ import annotations

import errno
import os
from typing import BinaryIO

try:
    import fcntl
except ImportError:
    HAS_FLOCK = False
else:
    HAS_FLOCK = True  # and files can be replaced and deleted while they are open


def lock(handle: int) -> None:
    """Lock an open file against other processes; closing the file, or the end of the process, unlocks it.

    Raises:
        BlockingIOError: another process has locked it.
        OSError: the file system has no locks.
    """
    if HAS_FLOCK:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    import msvcrt  # noqa: PLC0415 - Windows alone has it

    try:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EDEADLK):
            raise BlockingIOError(errno.EAGAIN, "it is locked") from error
        raise


def unlock(handle: int) -> None:
    """Unlock a file before it is closed: a process that was forked meanwhile has it open and would keep the lock."""
    if HAS_FLOCK:
        fcntl.flock(handle, fcntl.LOCK_UN)


def set_mode(handle: int, mode: int) -> None:
    """Give an open file a mode; on Windows it keeps the access rights of its folder."""
    if HAS_FLOCK:
        os.fchmod(handle, mode)


def read_at(file: BinaryIO, size: int, offset: int) -> bytes:
    """Up to so many bytes of a regular file from an offset on; where the file is read next stays the same."""
    if HAS_FLOCK:
        return os.pread(file.fileno(), size, offset)
    before = file.tell()
    try:
        file.seek(offset)
        return file.read(size)
    finally:
        file.seek(before)
