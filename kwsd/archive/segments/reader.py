"""An index as a reader finds it: its segments, and what is to say about those that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kwsd.archive.segments import segment
from kwsd.archive.segments.manifest import Entry, Manifest
from kwsd.archive.segments.segment import Segment
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError

TRIES = 3  # times that an index is read while somebody keeps rewriting it


@dataclass(frozen=True)
class OpenSegments:
    """Some segments of an index.

    Attributes:
        segments: those that can be read.
        damaged, missing: a sentence for each that cannot.
    """

    segments: list[Segment]
    damaged: list[str]
    missing: list[str]

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each segment that cannot be read."""
        return (*self.damaged, *self.missing)


def find(folder: Folder, entries: Sequence[Entry]) -> OpenSegments:
    """What is there of these segments."""
    found = OpenSegments([], [], [])
    for entry in entries:
        try:
            found.segments.append(segment.read(folder, entry))
        except FileNotFoundError:
            found.missing.append(f"{folder.name}/{entry.name} is missing: run `kwsd index verify`")
        except ArchiveError as error:
            found.damaged.append(str(error))
    return found


def current(folder: Folder) -> tuple[Manifest, OpenSegments]:
    """The manifest and its segments; where a writer replaced some meanwhile, the ones that took their place.

    Raises:
        ArchiveError: there is no index.
    """
    for _ in range(TRIES):
        manifest = Manifest.load(folder)
        found = find(folder, manifest.entries)
        if not found.missing:
            break
    return manifest, found
