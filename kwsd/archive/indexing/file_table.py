"""The file table of an index: from a path to its documents in the segments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from kwsd.archive.segments import segment
from kwsd.archive.segments.documents import Document, Documents
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.storage.folder import Folder


class FileTable:
    """The documents of an index by their paths.

    Raises:
        ArchiveError: a segment cannot be read.
    """

    def __init__(self, folder: Folder, manifest: Manifest) -> None:
        self._tables: dict[str, Documents] = {}
        self._places: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)  # a stream has many documents
        for entry in manifest.entries:
            part = segment.read_existing(folder, entry)
            self._tables[entry.name] = part.documents
            for index in np.flatnonzero(part.alive).tolist():
                self._places[part.documents.path(index)].append((entry.name, index))

    def __contains__(self, path: Path) -> bool:
        return str(path) in self._places

    def __iter__(self) -> Iterator[Path]:
        return map(Path, self._places)

    def get(self, path: Path) -> Document | None:
        """The newest document of a file, None if there is none."""
        places = self._places.get(str(path))
        if not places:
            return None
        name, index = places[-1]
        return self._tables[name][index]

    def below(self, paths: Iterable[Path]) -> dict[Path, list[Path]]:
        """For each path the indexed files at or below it, or the stream of that name."""
        found: dict[Path, list[Path]] = {path: [] for path in paths}
        asked = {place: path for path in found for place in (path, path.absolute())}
        for known in self:
            for place in (known, *known.parents):
                if place in asked:
                    found[asked[place]].append(known)
        return found

    def without(self, manifest: Manifest, paths: Iterable[Path]) -> Manifest:
        """The manifest with the documents of these files dropped; unknown files are ignored."""
        dropped = defaultdict[str, set[int]](set)
        for path in map(str, paths):
            for name, index in self._places.pop(path, ()):
                dropped[name].add(index)
        if not dropped:
            return manifest
        entries = [
            replace(entry, dropped=tuple(sorted({*entry.dropped, *dropped[entry.name]}))) for entry in manifest.entries
        ]
        return replace(manifest, entries=tuple(entries))
