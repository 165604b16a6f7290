"""What an index consists of: one small file, replaced atomically, that names its segments."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from kwsd.archive.storage.folder import MANIFEST, Folder
from kwsd.errors import ArchiveError, ModelError

FORMAT = 1


@dataclass(frozen=True)
class Settings:
    """What is kept of the audio.

    Attributes:
        stages: bytes of a code, 12.5 of which a second are kept; fewer are smaller and find less.
        vectors: keep the vectors too, in 8 bits: 16 times as much, and a little more is found.
        graph: make the graph that `--method hquest` needs.
    """

    stages: int = 6
    vectors: bool = False
    graph: bool = False


@dataclass(frozen=True)
class Entry:
    """One segment.

    Attributes:
        name: of its file.
        bytes, sha256: of the file's content.
        documents, frames: how many it holds.
        dropped: documents that were removed, or read anew since.
        graph_bytes, graph_sha256: of the file of its graph, 0 and "" if there is none.
    """

    name: str
    bytes: int
    sha256: str
    documents: int
    frames: int
    dropped: tuple[int, ...] = ()
    graph_bytes: int = 0
    graph_sha256: str = ""

    @property
    def graph(self) -> str:
        """The name of the file of its graph."""
        return self.name.removesuffix(".segment") + ".graph"


@dataclass(frozen=True)
class Manifest:
    """An index.

    Attributes:
        model: digest of the tokenizer that heard the audio.
        settings: what is kept of the audio.
        entries: its segments, in the order in which they were made.
        made: how many segments were ever made, or promised, so that no name is used twice.
    """

    model: str
    settings: Settings
    entries: tuple[Entry, ...] = ()
    made: int = 0
    format: int = field(default=FORMAT)

    @property
    def frames(self) -> int:
        """Codes in all segments."""
        return sum(entry.frames for entry in self.entries)

    def name(self, index: int = 0) -> str:
        """A name for the next segment, or for a later one."""
        return f"{self.made + index:08d}.segment"

    def with_entry(self, entry: Entry) -> Manifest:
        """This manifest and one segment more."""
        return replace(self, entries=(*self.entries, entry))

    def check_model(self, model: str, where: str) -> None:
        """Refuse an index that another model made."""
        if self.model != model:
            raise ModelError(f"{where} was made with model {self.model}, this is {model}: build it anew")

    def save(self, folder: Folder) -> None:
        """Write the manifest; the index is from now on what it says."""
        folder.write(MANIFEST, [json.dumps(asdict(self), indent=1).encode()])

    @classmethod
    def load(cls, folder: Folder) -> Manifest:
        """The manifest of an index.

        Raises:
            ArchiveError: there is no index, it is damaged, or a newer kwsd wrote it.
        """
        try:
            content = bytes(folder.map(MANIFEST))
        except FileNotFoundError:
            raise ArchiveError(f"{folder.name} is not an index: make one with `kwsd index build`") from None
        try:
            return _read(json.loads(content), folder)
        except (ValueError, KeyError, TypeError) as error:
            raise ArchiveError(f"{folder.name} is not an index, or its {MANIFEST} is damaged: build it anew") from error


def _read(facts: Any, folder: Folder) -> Manifest:
    if facts["format"] > FORMAT:
        raise ArchiveError(
            f"{folder.name} is of format {facts['format']}, written by a newer kwsd: upgrade this one to read it"
        )
    entries = tuple(Entry(**{**entry, "dropped": tuple(entry["dropped"])}) for entry in facts["entries"])
    return Manifest(**{**facts, "settings": Settings(**facts["settings"]), "entries": entries})
