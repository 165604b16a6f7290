"""The segment set of a log: segments are appended and joined within a day, and old documents are dropped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.indexing import compaction
from kwsd.archive.indexing.compaction import MAX_CODES, MAX_RATIO
from kwsd.archive.indexing.index_writer import open_manifest
from kwsd.archive.indexing.segment_builder import write
from kwsd.archive.indexing.update import remove_orphans
from kwsd.archive.segments import segment
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.manifest import Entry
from kwsd.archive.segments.quantizer import Codes
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError

DAY = 86_400.0  # s; the longest time that a joined segment covers


class SegmentSet:
    """The segments of an index that this process writes; one covers at most a day, so that old ones are deleted whole.

    Attributes:
        settings: of the index.

    Raises:
        ArchiveError: the index has vectors or graphs, or its folder holds other files.
        ModelError: it was built with another model.
    """

    def __init__(self, folder: Folder, model: str) -> None:
        self._folder, self._manifest = folder, open_manifest(folder, model, None)
        self.settings = self._manifest.settings
        if self.settings.vectors or self.settings.graph:
            raise ArchiveError(f"the index {folder.name} has vectors or graphs, which a log has not: name another one")
        self._times: dict[str, NDArray[np.float64]] = {}
        remove_orphans(folder, self._manifest)

    def append(self, documents: Sequence[tuple[Document, Codes]]) -> None:
        """Write documents, at least one, as the newest segment."""
        entry = write(self._folder, self._manifest.name(), documents, small=self.settings.small)
        self._commit([*self._manifest.entries, entry], added_names=1)

    def drop(self, before: float) -> None:
        """Drop the documents that ended before this Unix time in seconds."""
        kept = []
        for entry in self._manifest.entries:
            old = np.flatnonzero(self._spans(entry)[:, 1] < before).tolist()
            kept.append(replace(entry, dropped=tuple(sorted({*entry.dropped, *old}))))
        self._commit([entry for entry in kept if len(entry.dropped) < entry.documents])

    def join(self) -> None:
        """Join the newest segments by the rules of `kwsd.archive.indexing.compaction`, but not over more than a day."""
        group = self._newest()
        if len(group) > 1:
            joined = compaction.join(self._folder, self._manifest, group)
            self._commit([*self._manifest.entries[: -len(group)], *([joined] if joined else [])], added_names=1)

    def _newest(self) -> list[Entry]:
        group: list[Entry] = []
        for entry in reversed(self._manifest.entries):
            behind = sum(one.frames for one in group)
            too_large = entry.frames > MAX_RATIO * behind or entry.frames + behind > MAX_CODES
            if group and (
                too_large or not compaction.can_join(entry, group[0]) or not self._within_a_day([entry, *group])
            ):
                break
            group.insert(0, entry)
        return group

    def _within_a_day(self, entries: Sequence[Entry]) -> bool:
        times = np.concatenate([self._spans(entry).ravel() for entry in entries])
        times = times[~np.isnan(times)]
        return not len(times) or float(np.ptp(times)) <= DAY

    def _spans(self, entry: Entry) -> NDArray[np.float64]:
        """[d, 2] Unix times at which each document began and ended: NaN for files, infinite if it cannot be read."""
        if entry.name not in self._times:
            try:
                documents = list(segment.read(self._folder, entry).documents)
                spans = [(one.began, one.began + one.seconds) for one in documents]
            except (ArchiveError, FileNotFoundError):
                spans = [(-math.inf, math.inf)]
            self._times[entry.name] = np.array(spans)
        return self._times[entry.name]

    def _commit(self, entries: Sequence[Entry], added_names: int = 0) -> None:
        """Save a manifest of these segments and delete the files of the others."""
        before = self._manifest
        fresh = replace(before, entries=tuple(entries), made=before.made + added_names)
        if fresh == before:
            return
        fresh.save(self._folder)
        self._manifest = fresh
        for name in {one.name for one in before.entries} - {one.name for one in entries}:
            self._times.pop(name, None)
            self._folder.remove(name)
