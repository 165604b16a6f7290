"""Mutated indexes, in a folder in memory that says when a name leaves it."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from numpy.random import Generator

from benchmarks.mutations import changed_array, changed_bytes, changed_json, one_of
from kwsd.archive import Archive, Query
from kwsd.archive.indexing import compaction
from kwsd.archive.indexing.file_table import FileTable
from kwsd.archive.search import hnsw
from kwsd.archive.search.methods import METHODS
from kwsd.archive.storage.array_file import pack, unpack
from kwsd.archive.storage.folder import MANIFEST, Buffer, Written, write_parts
from kwsd.tokenizer.tokenizer import Tokenizer


class MemoryFolder:
    """The files of an index in memory; a name that is no plain name is a fault."""

    name = "memory"

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)

    def names(self) -> list[str]:
        """As `Folder`."""
        return sorted(self.files)

    def map(self, name: str) -> memoryview:
        """As `Folder`."""
        _check_plain(name)
        if name not in self.files:
            raise FileNotFoundError(name)
        return memoryview(self.files[name])

    def write(self, name: str, parts: Iterable[Buffer]) -> Written:
        """As `Folder`."""
        _check_plain(name)
        buffer = io.BytesIO()
        written = write_parts(buffer, parts)
        self.files[name] = buffer.getvalue()
        return written

    def remove(self, name: str) -> None:
        """As `Folder`."""
        _check_plain(name)
        self.files.pop(name, None)

    @contextlib.contextmanager
    def writer_lock(self) -> Iterator[None]:
        """As `Folder`."""
        yield


class IndexTarget:
    """Opens a mutated index, searches it by every method, reads all documents and compacts it."""

    def __init__(self, archive: Archive, tokenizer: Tokenizer, query: Query) -> None:
        names = archive.folder.names()
        self._files = {name: bytes(archive.folder.map(name)) for name in names if name != "lock"}
        (self._entry,) = archive.manifest.entries
        self._manifest, self._tokenizer, self._query = archive.manifest, tokenizer, query

    def manifest(self, random: Generator) -> None:
        """Run one case with another manifest."""
        content = self._files[MANIFEST]
        if random.random() < 0.5:
            changed = changed_bytes(random, content)
        else:
            changed = changed_json(random, json.loads(content)).encode()
        self._use(random, MemoryFolder(self._files | {MANIFEST: changed}))

    def segment(self, random: Generator) -> None:
        """Run one case with another segment, whose size and hash are right."""
        folder = MemoryFolder(self._files)
        written = folder.write(self._entry.name, self._changed(random, self._entry.name))
        self._save(folder, bytes=written.bytes, sha256=written.sha256)
        self._use(random, folder)

    def graph(self, random: Generator) -> None:
        """Run one case with another graph, whose size and hash are right."""
        folder = MemoryFolder(self._files)
        written = folder.write(self._entry.graph, self._changed(random, self._entry.graph))
        self._save(folder, graph_bytes=written.bytes, graph_sha256=written.sha256)
        Archive(folder, self._tokenizer).search(self._query, method="hquest")

    def _changed(self, random: Generator, name: str) -> list[bytes]:
        content = self._files[name]
        if random.random() < 0.3:
            return [changed_bytes(random, content)]
        arrays = dict(unpack(memoryview(content), name))
        key = one_of(random, sorted(arrays))
        arrays[key] = changed_array(random, arrays[key])
        return [bytes(part) for part in pack(arrays)]

    def _save(self, folder: MemoryFolder, **facts: Any) -> None:
        replace(self._manifest, entries=(replace(self._entry, **facts),)).save(folder)

    def _use(self, random: Generator, folder: MemoryFolder) -> None:
        archive = Archive(folder, self._tokenizer)
        for part in archive.segments:
            list(part.documents)
        archive.search(self._query, method=one_of(random, sorted(METHODS)))
        FileTable(folder, archive.manifest)
        hnsw.complete(folder, compaction.compact(folder, archive.manifest, thorough=True))


def _check_plain(name: str) -> None:
    if "/" in name or name.startswith("."):
        raise AssertionError(f"the name {name!r} leaves the folder")
