"""What every place that holds an index can do: list, map, write and remove files, and lock out other writers."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Protocol

Buffer = bytes | memoryview
MANIFEST = "index.json"  # the file that names the segments
LOCK = "lock"  # the file that says who writes


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
