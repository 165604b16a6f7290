"""Operations that change an index: build, add, remove, compact, repair; each holds the writer lock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from kwsd.archive.indexing import compaction
from kwsd.archive.indexing.file_table import FileTable
from kwsd.archive.indexing.segment_builder import Batch, BatchResult, BatchRunner, Progress, SegmentBuilder
from kwsd.archive.indexing.update import Report, remove_orphans, update
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
    """Build an index of files and folders, or update it: see `kwsd.archive.Archive.build`.

    Args:
        engine: builds a segment of each batch; this process or worker processes of this machine if None.
    """
    folder = folder_at(location)
    check_empty(folder)
    with folder.writer_lock():
        manifest = open_manifest(folder, tokenizer.digest, settings)
        file_table = FileTable(folder, manifest)
        there = file_table.below(paths)
        found = (_files([path], may_be_empty=bool(known)) for path, known in there.items())
        files = dict.fromkeys(file for some in found for file in some)
        gone = [file for known in there.values() for file in known if file not in files]
        run_batches = engine or local_runner(location, manifest.settings, tokenizer, workers, progress)
        return update(folder, manifest, file_table, list(files), run_batches, gone=gone, progress=progress)


def add(
    location: str | Path,
    paths: Sequence[Path],
    tokenizer: Tokenizer,
    *,
    workers: int = 1,
    engine: BatchRunner | None = None,
    progress: Progress = lambda share: None,
) -> Report:
    """Add files and folders to an existing index; as `build`, but no file is dropped."""
    folder, files = folder_at(location), _files(paths)
    with folder.writer_lock():
        manifest = Manifest.load(folder)
        manifest.check_model(tokenizer.digest, f"the index {folder.name}")
        run_batches = engine or local_runner(location, manifest.settings, tokenizer, workers, progress)
        return update(folder, manifest, FileTable(folder, manifest), files, run_batches, progress=progress)


def remove(location: str | Path, paths: Sequence[Path]) -> int:
    """Drop files, and all files below folders, from an index; returns the number of files.

    Raises:
        ArchiveError: the index has no file at one of the paths; then nothing is dropped.
    """
    folder = folder_at(location)
    with folder.writer_lock():
        manifest = Manifest.load(folder)
        file_table = FileTable(folder, manifest)
        there = file_table.below(paths)
        for path, known in there.items():
            if not known:
                raise ArchiveError(
                    f"the index {folder.name} has no {path}: `kwsd index info --files` lists what it has"
                )
        chosen = dict.fromkeys(file for known in there.values() for file in known)
        manifest = file_table.without(manifest, chosen)
        manifest.save(folder)
        hnsw.complete(folder, compaction.compact(folder, manifest))
        return len(chosen)


def compact(location: str | Path, *, small: bool | None = None) -> Manifest:
    """Join small segments and leave out all dropped documents; returns the new manifest.

    Args:
        small: whether the index is to be small from now on, see `Settings`; None if that stays as it is.
    """
    folder = folder_at(location)
    with folder.writer_lock():
        manifest = Manifest.load(folder)
        remove_orphans(folder, manifest)
        anew = small not in (None, manifest.settings.small)
        if anew:
            manifest = replace(manifest, settings=replace(manifest.settings, small=bool(small)))
        return hnsw.complete(folder, compaction.compact(folder, manifest, thorough=True, anew=anew))


def repair(location: str | Path) -> Manifest:
    """Leave out damaged segments, whose files the next build processes again; returns the new manifest."""
    folder = folder_at(location)
    with folder.writer_lock():
        return integrity.repair(folder, Manifest.load(folder))


def local_runner(
    location: str | Path, settings: Settings, tokenizer: Tokenizer, workers: int, progress: Progress
) -> BatchRunner:
    """A runner that processes batches in this process, or in worker processes if `workers` is more than 1."""

    def run_batches(batches: Sequence[Batch]) -> Iterator[BatchResult]:
        arguments = (str(location), settings, tokenizer.path)
        if min(workers, len(batches)) > 1:
            yield from in_processes(workers, SegmentBuilder, arguments, batches)
            return
        builder = SegmentBuilder(*arguments)
        for done, batch in enumerate(batches):
            yield builder(batch, lambda share: progress((done + share) / len(batches)))  # noqa: B023 - used up here

    return run_batches


def _files(paths: Sequence[Path], may_be_empty: bool = False) -> list[Path]:
    try:
        return audio_files([path.absolute() for path in paths], recursive=True)
    except NoRecordingsError:
        if may_be_empty:
            return []
        raise


def open_manifest(folder: Folder, model: str, settings: Settings | None) -> Manifest:
    """The manifest of an existing index, or a new one, which is saved.

    Raises:
        ArchiveError: the index has other settings.
        ModelError: it was built with another model.
    """
    if MANIFEST not in folder.names():
        manifest = Manifest(model, settings or Settings())
        hnsw.check_settings(manifest.settings)
        manifest.save(folder)
        return manifest
    manifest = Manifest.load(folder)
    manifest.check_model(model, f"the index {folder.name}")
    if settings and settings != manifest.settings:
        advice = "leave them out, or build another index"
        if replace(manifest.settings, small=settings.small) == settings:
            advice = f"run `kwsd index compact {'--small' if settings.small else '--no-small'}` before"
        raise ArchiveError(f"the index {folder.name} was built with other settings: {advice}")
    return manifest


def check_empty(folder: Folder) -> None:
    """Raise ArchiveError if a folder holds files but no index, before a file is created there."""
    names = folder.names()
    strange = [name for name in names if name != LOCK]
    if strange and MANIFEST not in names:
        raise ArchiveError(f"{folder.name} is not an index and not empty, it holds {strange[0]}: name another folder")
