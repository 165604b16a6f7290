"""An index brought in line with files: what is new or changed is heard, what is gone is dropped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kwsd.archive.indexing import compaction
from kwsd.archive.indexing.file_table import FileTable
from kwsd.archive.indexing.segment_builder import Batch, BatchResult, identity
from kwsd.archive.search import hnsw
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.segments.segment import SUFFIX
from kwsd.archive.storage.folder import Folder
from kwsd.errors import AudioError

BYTES, FILES = 32 << 20, 256  # of a batch: up to an hour or so of audio, which an interrupted build does again

EVERY = 1.0  # s between two savings of the manifest, which take long where there are many segments

MANY = 32  # fresh segments that are joined while there are more to come: each is a file that a reader has open

BatchRunner = Callable[[Sequence[Batch]], Iterator[BatchResult]]
"""Batches to what became of them, in any order."""


@dataclass
class Report:
    """What an update did.

    Attributes:
        added, unchanged, dropped: files.
        seconds: of audio that was heard.
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
    catalogue: FileTable,
    paths: Sequence[Path],
    engine: BatchRunner,
    *,
    gone: Iterable[Path] = (),
    progress: Callable[[float], None] = lambda share: None,
) -> Report:
    """Hear what is new or changed among the files, and drop what they replace.

    The manifest is saved after a batch, so that an interrupted update goes on where it was.

    Args:
        folder: of the index, which is being written.
        manifest: what is there.
        catalogue: the files that it knows.
        paths: absolute paths of files.
        engine: hears batches of files.
        gone: files to be dropped that are no longer there.
        progress: called with the share of the batches that are done.
    """
    hnsw.check_settings(manifest.settings)
    sweep(folder, manifest)
    report = Report()
    fresh = list(_fresh(paths, catalogue, report))
    known = list(dict.fromkeys(path for path in gone if path in catalogue))
    if known:
        manifest = catalogue.without(manifest, known)
        manifest.save(folder)
        report.dropped = len(known)
    batches = _batches(fresh, manifest)
    updated = _Update(folder, replace(manifest, made=manifest.made + len(batches)), catalogue, report)
    try:
        for done, made in enumerate(engine(batches)):
            updated.take(made)
            progress((done + 1) / len(batches))
    finally:
        updated.save()
    hnsw.complete(folder, compaction.compact(folder, updated.manifest))
    return report


class _Update:
    """An index while segments are added to it."""

    def __init__(self, folder: Folder, manifest: Manifest, catalogue: FileTable, report: Report) -> None:
        self._folder, self._catalogue, self._report = folder, catalogue, report
        self.manifest = self._stored = manifest
        self._before, self._saved = len(manifest.entries), time.monotonic()

    def take(self, made: BatchResult) -> None:
        """Add a segment in place of what the index had of its files."""
        self._report.problems += made.problems
        self._report.seconds += made.seconds
        self._report.added += len(made.paths)
        if made.entry:
            self.manifest = self._catalogue.without(self.manifest, made.paths).with_entry(made.entry)
        if len(self.manifest.entries) - self._before >= MANY:
            self.manifest = compaction.compact(self._folder, self.manifest, since=self._before)
        if time.monotonic() - self._saved > EVERY:
            self.save()

    def save(self) -> None:
        """Write the manifest, if anything was added since it was written."""
        if self.manifest.entries != self._stored.entries:
            self.manifest.save(self._folder)
        self._stored, self._saved = self.manifest, time.monotonic()


def sweep(folder: Folder, manifest: Manifest) -> None:
    """Delete what an interrupted writer left behind and no manifest names."""
    known = {name for entry in manifest.entries for name in (entry.name, entry.graph)}
    for name in folder.names():
        if name.endswith((SUFFIX, ".graph")) and name not in known:
            folder.remove(name)


def _fresh(paths: Sequence[Path], catalogue: FileTable, report: Report) -> Iterator[Path]:
    """The files that are not in the index as they are now."""
    for path in paths:
        if _is_unchanged(path, catalogue):
            report.unchanged += 1
        else:
            yield path


def _is_unchanged(path: Path, catalogue: FileTable) -> bool:
    document = catalogue.get(path)
    if document is None:
        return False
    try:
        facts = path.stat()
        if facts.st_size != document.size:
            return False
        return facts.st_mtime_ns == document.modified or identity(path)[2] == document.digest
    except (OSError, AudioError):
        return False  # whoever hears it says what is wrong


def _batches(paths: Sequence[Path], manifest: Manifest) -> list[Batch]:
    groups: list[list[Path]] = []
    full = True
    for path in paths:
        if full:
            groups.append([])
            size = 0
        groups[-1].append(path)
        size += _size(path)
        full = size >= BYTES or len(groups[-1]) >= FILES
    return [Batch(manifest.name(index), tuple(group)) for index, group in enumerate(groups)]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
