"""A part of an index that never changes: documents, their codes, and where each pair of codes is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.documents import Document, Documents
from kwsd.archive.segments.manifest import Entry
from kwsd.archive.segments.posting_lists import PostingLists
from kwsd.archive.segments.quantizer import Codes
from kwsd.archive.storage.array_file import pack, unpack
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError

SUFFIX = ".segment"


class Segment:
    """A segment in memory, or mapped from its file.

    Attributes:
        entry: what the manifest says about it.
        documents: what is in it.
        codes: [n, s] uint8, of all documents one after another.
        norms: [n] uint8, see `kwsd.archive.segments.quantizer`.
        vectors: [n, m] int8, or [n, 0] where none were kept.
        pairs: the posting lists.
        alive: [d] which documents were not removed.
    """

    def __init__(self, content: memoryview, entry: Entry, folder: Folder) -> None:
        arrays = unpack(content, f"{folder.name}/{entry.name}")
        self.entry, self.folder = entry, folder
        self.documents = Documents(
            {name.removeprefix("document_"): array for name, array in arrays.items() if name.startswith("document_")}
        )
        self.coded = Codes(arrays["codes"], arrays["norms"], arrays["vectors"])
        self.codes, self.norms, self.vectors = self.coded.codes, self.coded.norms, self.coded.vectors
        self.pairs = PostingLists(arrays)

    @cached_property
    def alive(self) -> NDArray[np.bool_]:
        """Which documents were not removed."""
        alive = np.ones(len(self.documents), bool)
        alive[list(self.entry.dropped)] = False
        return alive

    def part(self, index: int) -> Codes:
        """The codes of one document."""
        first, last = self.documents.bounds[index : index + 2]
        return Codes(self.codes[first:last], self.norms[first:last], self.vectors[first:last])


def write(folder: Folder, name: str, documents: Sequence[Document], coded: Codes) -> Entry:
    """Write a segment of at least one document, whose codes follow one another."""
    table = Documents.of(documents)
    arrays = {f"document_{key}": column for key, column in table.columns.items()}
    arrays |= {"codes": coded.codes, "norms": coded.norms, "vectors": coded.vectors}
    arrays |= PostingLists.arrays(coded.codes, table.bounds)
    written = folder.write(name, pack(arrays))
    return Entry(name, written.bytes, written.sha256, len(documents), len(coded))


def read(folder: Folder, entry: Entry) -> Segment:
    """A segment as the manifest names it.

    Raises:
        FileNotFoundError: its file is not there.
        ArchiveError: its file is truncated or not a segment.
    """
    content = folder.map(entry.name)
    if len(content) != entry.bytes:
        raise ArchiveError(
            f"{folder.name}/{entry.name} is damaged, it has {len(content)} bytes and should have {entry.bytes}: "
            "run `kwsd index verify`"
        )
    try:
        return Segment(content, entry, folder)
    except KeyError as error:
        raise ArchiveError(f"{folder.name}/{entry.name} is damaged: run `kwsd index verify`") from error


def needed(folder: Folder, entry: Entry) -> Segment:
    """A segment that a writer cannot do without.

    Raises:
        ArchiveError: its file is not there, truncated or not a segment.
    """
    try:
        return read(folder, entry)
    except FileNotFoundError:
        raise ArchiveError(f"{folder.name}/{entry.name} is missing: run `kwsd index verify`") from None
