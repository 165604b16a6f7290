"""Index statistics and integrity checks, which need no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kwsd.archive.segments import index_reader, integrity
from kwsd.archive.segments.alternation import bytes_between
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.manifest import PLAIN, Entry, Manifest, Settings
from kwsd.archive.segments.segment import Segment
from kwsd.archive.storage.folder import MANIFEST
from kwsd.archive.storage.locations import folder_at


@dataclass(frozen=True)
class Info:
    """Statistics of an index.

    Attributes:
        manifest: its settings and its segments' entries.
        documents: of the readable segments, without removed ones, sorted by path and time.
        bytes: sizes by part: "all", "codes", "vectors", "postings", "graphs" and "documents".
        problems: a sentence for each unreadable segment.
    """

    manifest: Manifest
    documents: tuple[Document, ...]
    bytes: Mapping[str, int]
    problems: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Duration of the audio that can be searched."""
        return sum(document.seconds for document in self.documents)

    @property
    def code_bytes(self) -> tuple[int, ...]:
        """The bytes that a code has: of a whole one, and of one between two of them, where there are such."""
        stages = self.manifest.settings.stages
        whole_only = all(entry.format <= PLAIN for entry in self.manifest.entries)
        return (stages,) if whole_only else (stages, bytes_between(stages))

    @property
    def dropped(self) -> float:
        """The share of the documents on disk that were removed or replaced since."""
        documents = sum(entry.documents for entry in self.manifest.entries)
        return sum(len(entry.dropped) for entry in self.manifest.entries) / documents if documents else 0.0


def info(location: str) -> Info:
    """The statistics of an index.

    Raises:
        ArchiveError: there is no index, its manifest is damaged, or a newer kwsd wrote it.
    """
    manifest, found = index_reader.open_index(folder_at(location))
    segments, problems = found.segments, found.problems
    documents = [part.documents[index] for part in segments for index in part.alive.nonzero()[0].tolist()]
    documents.sort(key=lambda one: (one.path, one.began))
    return Info(manifest, tuple(documents), _bytes(manifest.entries, segments), problems)


def damaged(location: str) -> tuple[Manifest, list[tuple[Entry, str]]]:
    """The manifest, and each damaged segment with a sentence that names the damage; every file is read completely.

    Raises:
        ArchiveError: there is no index, its manifest is damaged, or a newer kwsd wrote it.
    """
    folder = folder_at(location)
    manifest = Manifest.load(folder)
    found = list(integrity.damaged_segments(folder, manifest))
    if found:  # a writer may have replaced segments while they were read
        manifest = Manifest.load(folder)
        found = [(entry, sentence) for entry, sentence in found if entry in manifest.entries]
    return manifest, found


def build_settings(location: str, given: Mapping[str, Any]) -> Settings | None:
    """Settings for a build: those of the existing index, or the default, changed by `given`; None if it is empty."""
    if not given:
        return None
    folder = folder_at(location)
    there = Manifest.load(folder).settings if MANIFEST in folder.names() else Settings()
    return replace(there, **given)


def _bytes(entries: Sequence[Entry], segments: Sequence[Segment]) -> dict[str, int]:
    """Sizes in bytes by part; the few bytes of headers and padding count as documents."""
    each = [part.bytes for part in segments]
    found = {name: sum(sizes[name] for sizes in each) for name in ("codes", "vectors", "postings")}
    found["documents"] = sum(part.entry.bytes for part in segments) - sum(found.values())
    found["graphs"] = sum(entry.graph_bytes for entry in entries)
    return {"all": sum(entry.bytes + entry.graph_bytes for entry in entries), **found}
