"""Open the segments of an index for reading, and list those that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kwsd.archive.segments import segment
from kwsd.archive.segments.manifest import Entry, Manifest
from kwsd.archive.segments.segment import Segment
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError
from kwsd.tokenizer.codebook import Codebook

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


def open_segments(folder: Folder, entries: Sequence[Entry], codebook: Codebook | None = None) -> OpenSegments:
    """Open these segments of an index; one that does not fit a given codebook is damaged."""
    found = OpenSegments([], [], [])
    for entry in entries:
        try:
            part = segment.read(folder, entry)
            _check_fit(part, codebook)
            found.segments.append(part)
        except FileNotFoundError:
            found.missing.append(f"{folder.name}/{entry.name} is missing: run `kwsd index verify`")
        except ArchiveError as error:
            found.damaged.append(str(error))
    return found


def open_index(folder: Folder, codebook: Codebook | None = None) -> tuple[Manifest, OpenSegments]:
    """The manifest and its segments; if a writer replaced segments meanwhile, both are read again.

    Args:
        folder: of the index.
        codebook: of the model with which it is used; None if only its statistics are.

    Raises:
        ArchiveError: there is no index.
    """
    for _ in range(TRIES):
        manifest = Manifest.load(folder)
        found = open_segments(folder, manifest.entries, codebook)
        if not found.missing:
            break
    return manifest, found


def _check_fit(part: Segment, codebook: Codebook | None) -> None:
    if codebook is None:
        return
    stages, dimensions = len(codebook.stages), codebook.stages.shape[2]
    if part.stages > stages or part.vectors.shape[1] not in (0, dimensions):
        raise ArchiveError(
            f"{part.folder.name}/{part.entry.name} does not fit the model that the index names: build it anew"
        )
