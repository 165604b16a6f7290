"""The table of documents of a segment: one for each file, or for each part of a live stream without a gap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.storage.array_file import Arrays


@dataclass(frozen=True)
class Document:
    """One recording.

    Attributes:
        path: the absolute path of its file, or the name of the live stream.
        size: bytes of the file.
        modified: when the file was last written, Unix time in nanoseconds.
        digest: 32 hex digits of the file's BLAKE2b hash, empty for a stream.
        seconds: duration of the audio.
        origin: seconds from the start of the recording to the middle of its first code.
        frames: number of its codes.
        began: Unix time in seconds at which it started, NaN for a file.
    """

    path: str
    size: int
    modified: int
    digest: str
    seconds: float
    origin: float
    frames: int
    began: float = float("nan")


COLUMNS: dict[str, type] = {
    "size": np.int64,
    "modified": np.int64,
    "seconds": np.float64,
    "origin": np.float64,
    "frames": np.int32,
    "began": np.float64,
}
DIGEST = 16  # bytes of a file's BLAKE2b hash


class Documents:
    """The documents of a segment as memory-mapped columns.

    Attributes:
        bounds: [d + 1] int64; document i has the codes from bounds[i] to bounds[i + 1].
    """

    def __init__(self, columns: Arrays) -> None:
        self._columns = {name: columns[name] for name in (*COLUMNS, "digest", "path", "path_end")}
        self.bounds = np.concatenate([[0], np.cumsum(columns["frames"], dtype=np.int64)])

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Documents:
        """A table of the given documents."""
        rows = list(documents)
        names = [row.path.encode("utf-8", "surrogateescape") for row in rows]
        columns: dict[str, NDArray[Any]] = {
            key: np.array([getattr(row, key) for row in rows], kind) for key, kind in COLUMNS.items()
        }
        columns["digest"] = np.array(
            [list(bytes.fromhex(row.digest.rjust(2 * DIGEST, "0"))) for row in rows], np.uint8
        ).reshape(-1, DIGEST)
        columns["path"] = np.frombuffer(b"".join(names), np.uint8)
        columns["path_end"] = np.cumsum([len(name) for name in names], dtype=np.int64)
        return cls(columns)

    @property
    def columns(self) -> Arrays:
        """The arrays that are written to disk."""
        return self._columns

    def __len__(self) -> int:
        return len(self._columns["frames"])

    def __getitem__(self, index: int) -> Document:
        digest = bytes(self._columns["digest"][index])
        values = {key: self._columns[key][index].item() for key in COLUMNS}
        return Document(path=self.path(index), digest=digest.hex() if any(digest) else "", **values)

    def __iter__(self) -> Iterator[Document]:
        return (self[index] for index in range(len(self)))

    def path(self, index: int) -> str:
        """The path of one document."""
        ends = self._columns["path_end"]
        first = int(ends[index - 1]) if index else 0
        return bytes(self._columns["path"][first : int(ends[index])]).decode("utf-8", "surrogateescape")

    def at(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """[n] the index of the document that holds each of the codes [n] int64, positions in the segment."""
        return np.searchsorted(self.bounds, frames, "right") - 1
