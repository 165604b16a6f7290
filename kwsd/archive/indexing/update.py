"""Update an index from files: process new and changed files, drop the documents of files that are gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kwsd.archive.indexing import compaction
from kwsd.archive.indexing.file_table import FileTable
from kwsd.archive.indexing.segment_builder import Batch, BatchResult, BatchRunner, file_identity
from kwsd.archive.search import hnsw
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.segments.segment import SUFFIX
from kwsd.archive.storage.folder import Folder
from kwsd.errors import AudioError

BATCH_BYTES, BATCH_FILES = 32 << 20, 256  # limits of a batch, about an hour of audio; an interrupted one is repeated

SAVE_INTERVAL = 1.0  # s between two writes of the manifest, which are slow with many segments

JOIN_AFTER = 32  # new segments that are joined before the update ends: each is an open file of a reader


@dataclass
class Report:
    """The result of an update.

    Attributes:
        added, unchanged, dropped: number of files.
        seconds: duration of the audio that was processed.
        problems: a sentence for each file that could not be read, or not to its end.
    """

    added: int = 0
    unchanged: int = 0
    dropped: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def update(
    folder: Folder,
    manifest: Manifest,
    file_table: FileTable,
    paths: Sequence[Path],
    engine: BatchRunner,
    *,
    gone: Iterable[Path] = (),
    progress: Callable[[float], None] = lambda share: None,
) -> Report:
    """Process the new and changed ones among the files, and drop the documents that they replace.

    The manifest is saved after batches, so that an interrupted update continues there.

    Args:
        folder: of the index; the caller holds the writer lock.
        manifest: the current one.
        file_table: of that manifest.
        paths: absolute paths of files.
        engine: builds a segment of each batch.
        gone: files that no longer exist, to be dropped.
        progress: called with the share of the batches that are done, from 0 to 1.
    """
    hnsw.check_settings(manifest.settings)
    remove_orphans(folder, manifest)
    report = Report()
    changed = list(_changed(paths, file_table, report))
    gone_files = list(dict.fromkeys(path for path in gone if path in file_table))
    if gone_files:
        manifest = file_table.without(manifest, gone_files)
        manifest.save(folder)
        report.dropped = len(gone_files)
    batches = _batches(changed, manifest)
    updated = _Update(folder, replace(manifest, made=manifest.made + len(batches)), file_table, report)
    try:
        for done, result in enumerate(engine(batches)):
            updated.add(result)
            progress((done + 1) / len(batches))
    finally:
        updated.save()
    hnsw.complete(folder, compaction.compact(folder, updated.manifest))
    return report


class _Update:
    """The state of an index while segments are added."""

    def __init__(self, folder: Folder, manifest: Manifest, file_table: FileTable, report: Report) -> None:
        self._folder, self._file_table, self._report = folder, file_table, report
        self.manifest = self._stored = manifest
        self._before, self._saved = len(manifest.entries), time.monotonic()

    def add(self, result: BatchResult) -> None:
        """Add the segment of a batch and drop the older documents of its files."""
        self._report.problems += result.problems
        self._report.seconds += result.seconds
        self._report.added += len(result.paths)
        if result.entry:
            self.manifest = self._file_table.without(self.manifest, result.paths).with_entry(result.entry)
        if len(self.manifest.entries) - self._before >= JOIN_AFTER:
            self.manifest = compaction.compact(self._folder, self.manifest, since=self._before)
        if time.monotonic() - self._saved > SAVE_INTERVAL:
            self.save()

    def save(self) -> None:
        """Write the manifest if it changed since it was last written."""
        if self.manifest.entries != self._stored.entries:
            self.manifest.save(self._folder)
        self._stored, self._saved = self.manifest, time.monotonic()


def remove_orphans(folder: Folder, manifest: Manifest) -> None:
    """Delete segments and graphs that the manifest does not name: an interrupted writer left them."""
    named = {name for entry in manifest.entries for name in (entry.name, entry.graph)}
    for name in folder.names():
        if name.endswith((SUFFIX, ".graph")) and name not in named:
            folder.remove(name)


def _changed(paths: Sequence[Path], file_table: FileTable, report: Report) -> Iterator[Path]:
    """The files that are new, or changed since they were indexed."""
    for path in paths:
        if _is_unchanged(path, file_table):
            report.unchanged += 1
        else:
            yield path


def _is_unchanged(path: Path, file_table: FileTable) -> bool:
    document = file_table.get(path)
    if document is None:
        return False
    try:
        facts = path.stat()
        if facts.st_size != document.size:
            return False
        return facts.st_mtime_ns == document.modified or file_identity(path)[2] == document.digest
    except (OSError, AudioError):
        return False  # processing it reports the error


def _batches(paths: Sequence[Path], manifest: Manifest) -> list[Batch]:
    groups: list[list[Path]] = []
    full = True
    for path in paths:
        if full:
            groups.append([])
            size = 0
        groups[-1].append(path)
        size += _size(path)
        full = size >= BATCH_BYTES or len(groups[-1]) >= BATCH_FILES
    return [Batch(manifest.name(index), tuple(group)) for index, group in enumerate(groups)]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
