"""A segment: an immutable part of an index with documents, their codes, and posting lists of pairs of codes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.checks import check_arrays, has_lengths, has_lists
from kwsd.archive.segments.documents import Document, Documents
from kwsd.archive.segments.manifest import FORMAT, Entry
from kwsd.archive.segments.posting_lists import PostingLists
from kwsd.archive.segments.quantizer import GAINS, OLDER_GAINS, OLDER_LENGTHS, Codes, norms_of, packed, unpacked
from kwsd.archive.storage.array_file import pack, unpack
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError

SUFFIX = ".segment"


class Segment:
    """A segment, memory-mapped from its file.

    Attributes:
        entry: its entry in the manifest.
        documents: the table of its documents.
        codes: [n, s] uint8, the documents one after another.
        norms: uint8, what the kernels of a search take: [(n + 1) // 2] two to a byte, or [n] if an older kwsd wrote it.
        gains: [16] or [256] float32 what the norms stand for, see `kwsd.archive.segments.quantizer`.
        vectors: [n, m] int8, or [n, 0] where none were stored.
        alive: [d] bool, whether each document was not removed.
    """

    def __init__(self, content: memoryview, entry: Entry, folder: Folder) -> None:
        arrays = unpack(content, f"{folder.name}/{entry.name}")
        check_arrays(arrays, entry)
        self.entry, self.folder = entry, folder
        self.documents = Documents(
            {name.removeprefix("document_"): array for name, array in arrays.items() if name.startswith("document_")}
        )
        self.codes, self.vectors = arrays["codes"], arrays["vectors"]
        self._halved = has_lengths(arrays)
        self.norms, self.gains = (arrays["lengths"], GAINS) if self._halved else (arrays["norms"], OLDER_GAINS)
        self._arrays = arrays

    @cached_property
    def pairs(self) -> PostingLists:
        """The posting lists; those of a segment that an older kwsd wrote are made of its codes, and kept in memory."""
        made = self._arrays if has_lists(self._arrays) else PostingLists.arrays(self.codes, self.documents.bounds)
        return PostingLists(made, len(self.codes), f"{self.folder.name}/{self.entry.name}")

    @property
    def posting_bytes(self) -> int:
        """The bytes that its posting lists take in its file."""
        return sum(array.nbytes for name, array in self._arrays.items() if name.startswith("pair_"))

    @cached_property
    def alive(self) -> NDArray[np.bool_]:
        """[d] whether each document was not removed."""
        alive = np.ones(len(self.documents), bool)
        alive[list(self.entry.dropped)] = False
        return alive

    @cached_property
    def searched(self) -> int:
        """The number of codes whose documents were not removed."""
        return int(np.diff(self.documents.bounds)[self.alive].sum())

    def part(self, index: int) -> Codes:
        """The codes of one document."""
        first, last = self.documents.bounds[index : index + 2]
        if self._halved:
            norms = unpacked(self.norms, int(last - first), int(first))
        else:
            norms = norms_of(OLDER_LENGTHS[self.norms[first:last]])
        return Codes(self.codes[first:last], norms, self.vectors[first:last])


def write(folder: Folder, name: str, documents: Sequence[Document], codes: Codes) -> Entry:
    """Write a segment of at least one document, with the codes of all documents one after another."""
    table = Documents.of(documents)
    arrays = {f"document_{key}": column for key, column in table.columns.items()}
    arrays |= {"codes": codes.codes, "lengths": packed(codes.norms), "vectors": codes.vectors}
    arrays |= PostingLists.arrays(codes.codes, table.bounds)
    written = folder.write(name, pack(arrays, {key for key in arrays if key.startswith("document_")}))
    return Entry(name, written.bytes, written.sha256, len(documents), len(codes), format=FORMAT)


def read(folder: Folder, entry: Entry) -> Segment:
    """Open a segment that a manifest names.

    Raises:
        FileNotFoundError: its file does not exist.
        ArchiveError: its file is truncated or not this segment.
    """
    content = folder.map(entry.name)
    if len(content) != entry.bytes:
        raise ArchiveError(
            f"{folder.name}/{entry.name} is damaged, it has {len(content)} bytes and should have {entry.bytes}: "
            "run `kwsd index verify`"
        )
    try:
        return Segment(content, entry, folder)
    except ValueError as error:
        raise ArchiveError(f"{folder.name}/{entry.name} is damaged, {error}: run `kwsd index verify`") from error


def read_existing(folder: Folder, entry: Entry) -> Segment:
    """Open a segment; a missing file is an ArchiveError, too.

    Raises:
        ArchiveError: its file is missing, truncated or not a segment.
    """
    try:
        return read(folder, entry)
    except FileNotFoundError:
        raise ArchiveError(f"{folder.name}/{entry.name} is missing: run `kwsd index verify`") from None
