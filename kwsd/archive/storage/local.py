"""An index folder in the local file system."""

from __future__ import annotations

import contextlib
import errno
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

from kwsd.archive.storage.folder import LOCK, Buffer, Written, write_parts
from kwsd.atomic_write import replacing
from kwsd.errors import ArchiveError
from kwsd.private_files import make_private, open_private
from kwsd.system import lock, unlock


class LocalFolder:
    """An index folder in the file system. The writer lock is `flock`: it works across machines if the file system does.

    Args:
        path: of the folder, which the writer lock creates.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def names(self) -> list[str]:
        """The names of the files, sorted; empty if the folder does not exist."""
        try:
            return sorted(path.name for path in self.path.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ArchiveError(f"the index {self.name} cannot be read: {error.strerror}") from error

    def map(self, name: str) -> memoryview:
        """The content of a file, memory-mapped; FileNotFoundError if there is none."""
        try:
            with (self.path / name).open("rb") as file:
                empty = not file.seek(0, 2)
                return memoryview(b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(name) from None
        except OSError as error:
            raise ArchiveError(f"{self.path / name} cannot be read: {error.strerror}") from error

    def write(self, name: str, parts: Iterable[Buffer]) -> Written:
        """Create or replace a file atomically; StoreError if it cannot be written."""
        with replacing(self.path / name) as file:
            return write_parts(file, parts)

    def remove(self, name: str) -> None:
        """Delete a file if it exists."""
        try:
            (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise ArchiveError(f"{self.path / name} cannot be deleted: {error.strerror}") from error

    @contextlib.contextmanager
    def writer_lock(self) -> Iterator[None]:
        """Hold the writer lock; ArchiveError if another process holds it. A process that dies releases it."""
        try:
            make_private(self.path)
            file = open_private(self.path / LOCK, "ab")
        except OSError as error:
            raise ArchiveError(f"the index {self.name} cannot be written: {error.strerror}") from error
        with file:
            try:
                lock(file.fileno())
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EACCES):
                    raise ArchiveError(
                        f"the index {self.name} is being written by another process: wait for it, or stop it"
                    ) from None
                raise ArchiveError(f"the index {self.name} cannot be locked: {error.strerror}") from error
            for part in self.path.glob(".*.part"):
                part.unlink(missing_ok=True)  # temporary files of a writer that was killed
            try:
                yield
            finally:
                unlock(file.fileno())
