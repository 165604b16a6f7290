"""A segment: an immutable part of an index with documents, their codes, and posting lists of pairs of codes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.alternation import first_words, stages_of
from kwsd.archive.segments.checks import check_arrays, has_lengths, has_lists, has_rows
from kwsd.archive.segments.documents import Document, Documents
from kwsd.archive.segments.gains import GAINS, OLDER_GAINS, PLAIN_GAINS
from kwsd.archive.segments.manifest import FORMAT, PLAIN, Entry
from kwsd.archive.segments.posting_lists import CodesInTurn, Pairs, PostingLists
from kwsd.archive.segments.quantizer import OLDER_LENGTHS, PLAIN_LENGTHS, Codes, norms_of, packed, unpacked
from kwsd.archive.storage.array_file import pack, stored_bytes, unpack
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError

SUFFIX = ".segment"


class Segment:
    """A segment, memory-mapped from its file.

    Attributes:
        entry: its entry in the manifest.
        documents: the table of its documents.
        rows: [n / 2, w] uint8 its n codes, the documents one after another, see `kwsd.archive.segments.alternation`;
            [n, s] if an older kwsd wrote it.
        stages: bytes of a whole code.
        norms: uint8, what the kernels of a search take: [(n + 1) // 2] two to a byte, or [n] if an older kwsd wrote it.
        gains: [16] or [256] float32 what inner products with codes of each norm are multiplied by, see
            `kwsd.archive.segments.gains`.
        vectors: [n, m] int8, or [n, 0] where none were stored.
        alive: [d] bool, whether each document was not removed.
    """

    def __init__(self, content: memoryview, entry: Entry, folder: Folder) -> None:
        arrays = unpack(content, f"{folder.name}/{entry.name}")
        check_arrays(arrays, entry)
        self.entry, self.folder, self._content = entry, folder, content
        self.documents = Documents(
            {name.removeprefix("document_"): array for name, array in arrays.items() if name.startswith("document_")}
        )
        self._alternate, self._halved, self._arrays = has_rows(arrays), has_lengths(arrays), arrays
        self.rows, self.vectors = arrays["rows" if self._alternate else "codes"], arrays["vectors"]
        self.stages = stages_of(self.rows.shape[1]) if self._alternate else self.rows.shape[1]
        self.norms = arrays["lengths" if self._halved else "norms"]
        self.gains = GAINS if self._alternate else PLAIN_GAINS if self._halved else OLDER_GAINS

    def __len__(self) -> int:
        """The number of its codes."""
        return self.entry.frames

    @cached_property
    def pairs(self) -> Pairs:
        """Where its pairs of codes are."""
        if has_lists(self._arrays):
            return PostingLists(self._arrays, len(self), f"{self.folder.name}/{self.entry.name}")
        return CodesInTurn(self.rows, self.stages, self.documents.bounds)

    @property
    def bytes(self) -> dict[str, int]:
        """How many bytes its file has by part: "codes", "vectors" and "postings"."""
        sizes = stored_bytes(self._content)
        coded = sum(sizes.get(name, 0) for name in ("rows", "codes", "lengths", "norms"))
        lists = sum(size for name, size in sizes.items() if name.startswith("pair_"))
        return {"codes": coded, "vectors": sizes["vectors"], "postings": lists}

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

    def words(self, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The first bytes of the codes at these places, of any shape."""
        at = (places // 2, places % 2 * self.stages) if self._alternate else (places, 0)
        words: NDArray[np.uint8] = self.rows[at]
        return words

    def part(self, index: int) -> Codes:
        """The codes of one document."""
        first, last = map(int, self.documents.bounds[index : index + 2])
        if self._halved:
            norms = unpacked(self.norms, last - first, first)
        else:
            norms = norms_of(OLDER_LENGTHS[self.norms[first:last]], PLAIN_LENGTHS)
        rows = self.rows[first // 2 : last // 2] if self._alternate else self.rows[first:last]
        return Codes(rows, norms, self.vectors[first:last])


def write(folder: Folder, name: str, documents: Sequence[Document], codes: Codes, *, small: bool = False) -> Entry:
    """Write a segment of at least one document, with the codes of all documents one after another.

    Args:
        small: without posting lists, and with norms that are compressed.
    """
    table = Documents.of(documents)
    arrays = {f"document_{key}": column for key, column in table.columns.items()}
    arrays |= {"rows" if codes.alternate else "codes": codes.rows, "lengths": packed(codes.norms)}
    arrays["vectors"] = codes.vectors
    compressed = {key for key in arrays if key.startswith("document_")}
    if small:
        compressed.add("lengths")
    else:
        words = first_words(codes.rows) if codes.alternate else codes.rows[:, 0]
        arrays |= PostingLists.arrays(words, table.bounds)
    written = folder.write(name, pack(arrays, compressed))
    return Entry(
        name, written.bytes, written.sha256, len(documents), len(codes), format=FORMAT if codes.alternate else PLAIN
    )


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
