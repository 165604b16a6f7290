"""The verbs that change an index, each as the one writer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from kwsd.archive.indexing import compaction
from kwsd.archive.indexing.file_table import FileTable
from kwsd.archive.indexing.segment_builder import Batch, BatchResult, Progress, SegmentBuilder
from kwsd.archive.indexing.update import BatchRunner, Report, sweep, update
from kwsd.archive.search import hnsw
from kwsd.archive.segments import integrity
from kwsd.archive.segments.manifest import Manifest, Settings
from kwsd.archive.storage.folder import LOCK, MANIFEST, Folder
from kwsd.archive.storage.locations import folder_at
from kwsd.audio import audio_files
from kwsd.errors import ArchiveError, NoRecordingsError
from kwsd.parallel.processes import in_processes
from kwsd.tokenizer.tokenizer import Tokenizer


def build(
    location: str | Path,
    paths: Sequence[Path],
    tokenizer: Tokenizer,
    *,
    settings: Settings | None = None,
    workers: int = 1,
    engine: BatchRunner | None = None,
    progress: Progress = lambda share: None,
) -> Report:
    """Make an index of these files and folders, or bring it in line with them: see `kwsd.archive.Archive.build`.

    Args:
        engine: hears batches of files; processes of this machine if None.
    """
    folder = folder_at(location)
    check_empty(folder)
    with folder.writer_lock():
        manifest = opened(folder, tokenizer.digest, settings)
        catalogue = FileTable(folder, manifest)
        there = catalogue.below(paths)
        found = (_files([path], may_be_empty=bool(known)) for path, known in there.items())
        files = dict.fromkeys(file for some in found for file in some)
        gone = [file for known in there.values() for file in known if file not in files]
        hear = engine or local(location, manifest.settings, tokenizer, workers, progress)
        return update(folder, manifest, catalogue, list(files), hear, gone=gone, progress=progress)


def add(
    location: str | Path,
    paths: Sequence[Path],
    tokenizer: Tokenizer,
    *,
    workers: int = 1,
    engine: BatchRunner | None = None,
    progress: Progress = lambda share: None,
) -> Report:
    """Add these files and folders to an index that is there; as `build`, but nothing is dropped."""
    folder, files = folder_at(location), _files(paths)
    with folder.writer_lock():
        manifest = Manifest.load(folder)
        manifest.check_model(tokenizer.digest, f"the index {folder.name}")
        hear = engine or local(location, manifest.settings, tokenizer, workers, progress)
        return update(folder, manifest, FileTable(folder, manifest), files, hear, progress=progress)


def remove(location: str | Path, paths: Sequence[Path]) -> int:
    """Drop files, and all files below folders, from an index; how many those were.

    Raises:
        ArchiveError: the index has none at one of the paths; then all stay.
    """
    folder = folder_at(location)
    with folder.writer_lock():
        manifest = Manifest.load(folder)
        catalogue = FileTable(folder, manifest)
        there = catalogue.below(paths)
        for path, known in there.items():
            if not known:
                raise ArchiveError(
                    f"the index {folder.name} has no {path}: `kwsd index info --files` lists what it has"
                )
        chosen = dict.fromkeys(file for known in there.values() for file in known)
        manifest = catalogue.without(manifest, chosen)
        manifest.save(folder)
        hnsw.complete(folder, compaction.compact(folder, manifest))
        return len(chosen)


def compact(location: str | Path) -> Manifest:
    """Join small segments and leave out all that was dropped; the manifest afterwards."""
    folder = folder_at(location)
    with folder.writer_lock():
        manifest = Manifest.load(folder)
        sweep(folder, manifest)
        return hnsw.complete(folder, compaction.compact(folder, manifest, thorough=True))


def repair(location: str | Path) -> Manifest:
    """Leave out damaged segments, whose files the next build will hear anew; the manifest afterwards."""
    folder = folder_at(location)
    with folder.writer_lock():
        return integrity.repaired(folder, Manifest.load(folder))


def local(
    location: str | Path, settings: Settings, tokenizer: Tokenizer, workers: int, progress: Progress
) -> BatchRunner:
    """Batches heard by this process, or by several of this machine; `progress` is told the share that is done."""

    def hear(batches: Sequence[Batch]) -> Iterator[BatchResult]:
        arguments = (str(location), settings, tokenizer.path)
        if min(workers, len(batches)) > 1:
            yield from in_processes(workers, SegmentBuilder, arguments, batches)
            return
        hearer = SegmentBuilder(*arguments)
        for done, batch in enumerate(batches):
            yield hearer(batch, lambda share: progress((done + share) / len(batches)))  # noqa: B023 - used up here

    return hear


def _files(paths: Sequence[Path], may_be_empty: bool = False) -> list[Path]:
    try:
        return audio_files([path.absolute() for path in paths], recursive=True)
    except NoRecordingsError:
        if may_be_empty:
            return []
        raise


def opened(folder: Folder, model: str, settings: Settings | None) -> Manifest:
    """The manifest that is there, or a new one, which is saved.

    Raises:
        ArchiveError: the index has other settings.
        ModelError: another model made it.
    """
    if MANIFEST not in folder.names():
        manifest = Manifest(model, settings or Settings())
        hnsw.check_settings(manifest.settings)
        manifest.save(folder)
        return manifest
    manifest = Manifest.load(folder)
    manifest.check_model(model, f"the index {folder.name}")
    if settings not in (None, manifest.settings):
        raise ArchiveError(
            f"the index {folder.name} was built with other settings: leave them out, or build another index"
        )
    return manifest


def check_empty(folder: Folder) -> None:
    """Refuse a folder that holds something else than an index, before a file is made there."""
    names = folder.names()
    strange = [name for name in names if name != LOCK]
    if strange and MANIFEST not in names:
        raise ArchiveError(f"{folder.name} is not an index and not empty, it holds {strange[0]}: name another folder")
