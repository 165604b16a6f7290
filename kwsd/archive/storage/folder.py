"""The interface of an index folder, local or remote: list, map, write and remove files, and lock out other writers."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Protocol

Buffer = bytes | memoryview
MANIFEST = "index.json"  # the file that names the segments
LOCK = "lock"  # the writer lock's file


@dataclass(frozen=True)
class Written:
    """A file that was written: its size in bytes and the SHA-256 of its content in hex digits."""

    bytes: int
    sha256: str


def write_parts(file: IO[bytes], parts: Iterable[Buffer]) -> Written:
    """Write the parts to a file; their size and hash."""
    digest, size = hashlib.sha256(), 0
    for part in parts:
        file.write(part)
        digest.update(part)
        size += len(part)
    return Written(size, digest.hexdigest())


class Folder(Protocol):
    """The files of an index; each write replaces a whole file."""

    @property
    def name(self) -> str:
        """The path or address, for messages."""
        ...

    def names(self) -> list[str]:
        """The names of the files, sorted; empty if the folder does not exist."""
        ...

    def map(self, name: str) -> memoryview:
        """The content of a file, which stays readable after the file is removed.

        Raises:
            FileNotFoundError: there is no such file.
            ArchiveError: it cannot be read.
        """
        ...

    def write(self, name: str, parts: Iterable[Buffer]) -> Written:
        """Create or replace a file; a reader sees the old content or the new one, never a part."""
        ...

    def remove(self, name: str) -> None:
        """Delete a file if it exists."""
        ...

    def writer_lock(self) -> contextlib.AbstractContextManager[None]:
        """Hold the writer lock inside the context; ArchiveError if another process holds it."""
        ...
