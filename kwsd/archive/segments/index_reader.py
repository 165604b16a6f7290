"""Open the segments of an index for reading, and list those that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kwsd.archive.segments import segment
from kwsd.archive.segments.manifest import Entry, Manifest
from kwsd.archive.segments.segment import Segment
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError

TRIES = 3  # attempts to open an index while a writer replaces segments


@dataclass(frozen=True)
class OpenSegments:
    """Some segments of an index.

    Attributes:
        segments: the readable ones.
        damaged, missing: a sentence for each that is damaged or missing.
    """

    segments: list[Segment]
    damaged: list[str]
    missing: list[str]

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each segment that cannot be read."""
        return (*self.damaged, *self.missing)


def open_segments(folder: Folder, entries: Sequence[Entry]) -> OpenSegments:
    """Open these segments of an index."""
    found = OpenSegments([], [], [])
    for entry in entries:
        try:
            found.segments.append(segment.read(folder, entry))
        except FileNotFoundError:
            found.missing.append(f"{folder.name}/{entry.name} is missing: run `kwsd index verify`")
        except ArchiveError as error:
            found.damaged.append(str(error))
    return found


def open_index(folder: Folder) -> tuple[Manifest, OpenSegments]:
    """The manifest and its segments; if a writer replaced segments meanwhile, both are read again.

    Raises:
        ArchiveError: there is no index.
    """
    for _ in range(TRIES):
        manifest = Manifest.load(folder)
        found = open_segments(folder, manifest.entries)
        if not found.missing:
            break
    return manifest, found
