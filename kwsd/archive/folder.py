"""Where an index lies: a folder of this machine; `kwsd.archive.remote` has the ones elsewhere."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from kwsd.errors import ArchiveError
from kwsd.writing import replacing

Buffer = bytes | memoryview
LOCK = "lock"


@dataclass(frozen=True)
class Written:
    """A file that was written: its bytes and the SHA-256 of its content in hex digits."""

    bytes: int
    sha256: str


def written(file: IO[bytes], parts: Iterable[Buffer]) -> Written:
    """Write the parts to a file, and what that came to."""
    digest, size = hashlib.sha256(), 0
    for part in parts:
        file.write(part)
        digest.update(part)
        size += len(part)
    return Written(size, digest.hexdigest())


class Folder(Protocol):
    """The files of an index, each written once and whole."""

    @property
    def name(self) -> str:
        """What the folder is called in messages."""
        ...

    def names(self) -> list[str]:
        """The files that are there; none if the folder is not."""
        ...

    def map(self, name: str) -> memoryview:
        """The content of a file, which stays readable when the file is removed; FileNotFoundError if there is none."""
        ...

    def write(self, name: str, parts: Iterable[Buffer]) -> Written:
        """Write a file, or replace it; a reader sees the old one or the new one."""
        ...

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        ...

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """Be the one writer; ArchiveError if there is another."""
        ...


class LocalFolder:
    """A folder in the file system; locks hold on one machine, and across machines where the file system has locks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def names(self) -> list[str]:
        """The files that are there; none if the folder is not."""
        try:
            return sorted(path.name for path in self.path.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ArchiveError(f"the index {self.name} cannot be read: {error.strerror}") from error

    def map(self, name: str) -> memoryview:
        """The content of a file, which stays readable when the file is removed; FileNotFoundError if there is none."""
        try:
            with (self.path / name).open("rb") as file:
                empty = not file.seek(0, 2)
                return memoryview(b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(name) from None
        except OSError as error:
            raise ArchiveError(f"{self.path / name} cannot be read: {error.strerror}") from error

    def write(self, name: str, parts: Iterable[Buffer]) -> Written:
        """Write a file, or replace it; a reader sees the old one or the new one."""
        with replacing(self.path / name) as file:
            return written(file, parts)

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        try:
            (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise ArchiveError(f"{self.path / name} cannot be deleted: {error.strerror}") from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one writer; ArchiveError if there is another. The kernel lets go of the lock when a process dies."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / LOCK).open("a")
        except OSError as error:
            raise ArchiveError(f"the index {self.name} cannot be written: {error.strerror}") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EACCES):
                    raise ArchiveError(
                        f"the index {self.name} is being written by another process: wait for it, or stop it"
                    ) from None
                raise ArchiveError(f"the index {self.name} cannot be locked: {error.strerror}") from error
            for part in self.path.glob(".*.part"):
                part.unlink(missing_ok=True)  # what a writer that was killed left behind
            yield


def folder_at(location: str | Path) -> Folder:
    """The folder at a path, or at an fsspec address such as s3://bucket/index."""
    if "://" in str(location):
        from kwsd.archive.remote import RemoteFolder  # noqa: PLC0415 - needs an extra

        return RemoteFolder(str(location))
    return LocalFolder(Path(location))
