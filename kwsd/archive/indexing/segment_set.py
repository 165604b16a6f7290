"""The segments of an index that only grows at its end, and of which the oldest may go."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.indexing import compaction
from kwsd.archive.indexing.build import opened
from kwsd.archive.indexing.compaction import LARGEST, MUCH
from kwsd.archive.indexing.segment_builder import write
from kwsd.archive.indexing.update import sweep
from kwsd.archive.segments import segment
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.manifest import Entry, Settings
from kwsd.archive.segments.quantizer import Codes
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError

DAY = 86_400.0  # s; the longest time that segments are joined over, so that old ones can be deleted whole


class SegmentSet:
    """The segments of an index that this process writes; one of a day is final, and deleted whole when it is old.

    Raises:
        ArchiveError: the index has other than the default settings, or other things are in its folder.
        ModelError: another model made it.
    """

    def __init__(self, folder: Folder, model: str) -> None:
        self._folder, self._manifest = folder, opened(folder, model, None)
        if self._manifest.settings != Settings():
            raise ArchiveError(f"the index {folder.name} was not built with the default settings: log to another one")
        self._times: dict[str, NDArray[np.float64]] = {}
        sweep(folder, self._manifest)

    def append(self, heard: Sequence[tuple[Document, Codes]]) -> None:
        """Write documents, at least one, as the newest segment."""
        entry = write(self._folder, self._manifest.name(), heard)
        self._commit([*self._manifest.entries, entry], made=1)

    def drop(self, before: float) -> None:
        """Drop the documents that ended before a time of day."""
        kept = []
        for entry in self._manifest.entries:
            old = np.flatnonzero(self._spans(entry)[:, 1] < before).tolist()
            kept.append(replace(entry, dropped=tuple(sorted({*entry.dropped, *old}))))
        self._commit([entry for entry in kept if len(entry.dropped) < entry.documents])

    def join(self) -> None:
        """Make the newest segments one, as `kwsd.archive.indexing.compaction` does, within a day."""
        group = self._newest()
        if len(group) > 1:
            joined = compaction.join(self._folder, self._manifest.name(), group)
            self._commit([*self._manifest.entries[: -len(group)], *([joined] if joined else [])], made=1)

    def _newest(self) -> list[Entry]:
        group: list[Entry] = []
        for entry in reversed(self._manifest.entries):
            behind = sum(one.frames for one in group)
            much = entry.frames > MUCH * behind or entry.frames + behind > LARGEST
            if group and (much or not self._within_a_day([entry, *group])):
                break
            group.insert(0, entry)
        return group

    def _within_a_day(self, entries: Sequence[Entry]) -> bool:
        times = np.concatenate([self._spans(entry).ravel() for entry in entries])
        times = times[~np.isnan(times)]
        return not len(times) or float(np.ptp(times)) <= DAY

    def _spans(self, entry: Entry) -> NDArray[np.float64]:
        """When each document [d, 2] began and ended: not a number for files, for ever for what cannot be read."""
        if entry.name not in self._times:
            try:
                documents = list(segment.read(self._folder, entry).documents)
                spans = [(one.began, one.began + one.seconds) for one in documents]
            except (ArchiveError, FileNotFoundError):
                spans = [(-math.inf, math.inf)]
            self._times[entry.name] = np.array(spans)
        return self._times[entry.name]

    def _commit(self, entries: Sequence[Entry], made: int = 0) -> None:
        """The log consists of these segments from now on, and the files of others go."""
        before, fresh = self._manifest, replace(self._manifest, entries=tuple(entries), made=self._manifest.made + made)
        if fresh == before:
            return
        fresh.save(self._folder)
        self._manifest = fresh
        for name in {one.name for one in before.entries} - {one.name for one in entries}:
            self._times.pop(name, None)
            self._folder.remove(name)
