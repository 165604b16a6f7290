"""The HNSW graph of a segment's TF-IDF vectors (H-QuEST; Malkov & Yashunin 2018), in a file beside the segment.

The graph is built by usearch: it is as large as a graph of faiss with 8 bits and is built as fast, but it is read from
a memory map, and it does not change the number of threads of the process.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search import tfidf
from kwsd.archive.search.graph_file import check_graph
from kwsd.archive.search.windows import Windows
from kwsd.archive.segments import segment as segments
from kwsd.archive.segments.integrity import mismatch
from kwsd.archive.segments.manifest import Entry, Manifest, Settings
from kwsd.archive.segments.posting_lists import WORDS
from kwsd.archive.segments.segment import Segment
from kwsd.archive.storage.array_file import Arrays, pack, unpack
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError

if TYPE_CHECKING:
    from usearch.index import Index

NEIGHBOURS, EXPANSION = 16, 150  # M and efConstruction, as in the paper
SEARCH_EXPANSION = 2  # `ef` of a search, as a multiple of the wanted windows
MIN_SHARE_ALIVE = 0.1  # lower limit of the share of windows that were not removed, for the number of candidates


@dataclass(frozen=True)
class Graph:
    """A graph, memory-mapped from its file.

    Attributes:
        rarity: [256] the inverse document frequencies with which it was built.
        index: usearch's, whose keys are the numbers of windows.
        content: the memory that the index reads.
    """

    rarity: NDArray[np.float32]
    index: Index
    content: memoryview


def check_settings(settings: Settings) -> None:
    """Check that graphs can be built if the settings ask for them.

    Raises:
        ArchiveError: usearch is not installed.
    """
    if settings.graph:
        _library()


def complete(folder: Folder, manifest: Manifest) -> Manifest:
    """Build missing and damaged graphs if the settings ask for graphs; returns the manifest, saved after each graph.

    Raises:
        ArchiveError: usearch is not installed, or a segment is damaged.
    """
    for index, entry in enumerate(manifest.entries if manifest.settings.graph else ()):
        if not _is_complete(folder, entry):
            entries = list(manifest.entries)
            entries[index] = _write(folder, entry)
            manifest = replace(manifest, entries=tuple(entries))
            manifest.save(folder)
    return manifest


def by_graph(segment: Segment, tokens: NDArray[np.uint8], count: int) -> tfidf.Candidates:
    """About the `count` windows of the greatest cosine with a query's tokens [t] (H-QuEST, eq. 5).

    Raises:
        ArchiveError: the segment has no graph, the graph is damaged, or usearch is not installed.
    """
    graph, windows = _of(segment), Windows(segment)
    wanted = min(math.ceil(count / max(windows.share_alive, MIN_SHARE_ALIVE)), len(graph.index))
    weight = tfidf.frequencies(tokens) * graph.rarity
    if not (wanted and weight.any()):
        return tfidf.Candidates(np.zeros(0, np.int64), np.zeros(0, np.float32))
    graph.index.expansion_search = SEARCH_EXPANSION * wanted  # type: ignore[misc]  # its stub lacks the setter
    matches = graph.index.search(weight, wanted, threads=1)
    return tfidf.best(windows, matches.keys.astype(np.int64), 1 - matches.distances, count)


def _library() -> ModuleType:
    try:
        from usearch import index  # noqa: PLC0415 - needs an extra
    except ImportError as error:
        raise ArchiveError(
            'graphs and --method hquest need usearch: install it with `pip install "kwsd[search]"`, or do without both'
        ) from error
    return index


def _is_complete(folder: Folder, entry: Entry) -> bool:
    return entry.graph_bytes > 0 and not mismatch(folder, entry.graph, entry.graph_bytes, entry.graph_sha256)


def empty() -> Index:
    """An index of usearch without a vector, of the kind of every graph."""
    index: Index = _library().Index(
        ndim=WORDS,
        metric="cos",
        dtype="i8",
        connectivity=NEIGHBOURS,
        expansion_add=EXPANSION,
        enable_key_lookups=False,
    )
    return index


def _write(folder: Folder, entry: Entry) -> Entry:
    windows = Windows(segments.read_existing(folder, entry))
    rarity = tfidf.rarity_of(windows)
    index = empty()
    for keys, vectors in _numbered(tfidf.vectors(windows, rarity)):
        index.add(keys, vectors, threads=1)
    content = np.frombuffer(index.save() or b"", np.uint8)
    written = folder.write(entry.graph, pack({"rarity": rarity, "graph": content}))
    return replace(entry, graph_bytes=written.bytes, graph_sha256=written.sha256)


def _numbered(parts: Iterator[NDArray[np.float32]]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    first = 0
    for part in parts:
        yield np.arange(first, first + len(part)), part
        first += len(part)


_OPEN: WeakKeyDictionary[Segment, Graph] = WeakKeyDictionary()


def _of(segment: Segment) -> Graph:
    if segment not in _OPEN:
        _OPEN[segment] = _read(segment)
    return _OPEN[segment]


def _read(segment: Segment) -> Graph:
    folder, entry = segment.folder, segment.entry
    if not entry.graph_bytes:
        raise ArchiveError(
            f"{folder.name}/{entry.name} has no graph: build an index with --graph, or choose another --method"
        )
    library, advice = _library(), "open the index again, or make the graph anew with `kwsd index compact`"
    # usearch checks nothing, and a changed file could crash the process: its hash and its numbers are checked first.
    if problem := mismatch(folder, entry.graph, entry.graph_bytes, entry.graph_sha256):
        raise ArchiveError(f"{problem}; {advice}")
    try:
        content = folder.map(entry.graph)
        rarity, graph = _arrays(unpack(content, f"{folder.name}/{entry.graph}"))
        check_graph(graph, empty().save() or b"", len(Windows(segment)))
        return Graph(rarity, library.Index.restore(graph, view=True, enable_key_lookups=False), content)
    except (FileNotFoundError, ValueError, RuntimeError) as error:
        raise ArchiveError(f"{folder.name}/{entry.graph} is damaged ({error}): {advice}") from error


def _arrays(arrays: Arrays) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The inverse document frequencies [256] and the content of the graph; ValueError if they are something else."""
    rarity, graph = arrays.get("rarity"), arrays.get("graph")
    if rarity is None or rarity.dtype != np.float32 or rarity.shape != (WORDS,) or not np.isfinite(rarity).all():
        raise ValueError("rarity")
    if graph is None or graph.dtype != np.uint8 or graph.ndim != 1:
        raise ValueError("graph")
    return rarity, graph
