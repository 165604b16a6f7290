"""The manifest of an index: a JSON file, replaced atomically, that holds the settings and names the segments."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from kwsd.archive.storage.folder import MANIFEST, Folder
from kwsd.errors import ArchiveError, ModelError

FORMAT = 1


@dataclass(frozen=True)
class Settings:
    """What an index stores of the audio.

    Attributes:
        stages: quantizer stages, 1 to 6, one byte of a code each; there are 12.5 codes a second. Fewer stages make a
            smaller index and find fewer hits.
        vectors: also store the vectors, in 8 bits: 16 times as many bytes, and a few more hits.
        graph: build the HNSW graph that `--method hquest` needs.
    """

    stages: int = 6
    vectors: bool = False
    graph: bool = False


@dataclass(frozen=True)
class Entry:
    """A segment in the manifest.

    Attributes:
        name: of its file.
        bytes, sha256: of the file's content.
        documents, frames: number of documents and of codes.
        dropped: indices of documents that were removed or replaced since, ascending.
        graph_bytes, graph_sha256: of the content of its graph's file, 0 and "" if there is none.
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
        """The name of its graph's file."""
        return self.name.removesuffix(".segment") + ".graph"


@dataclass(frozen=True)
class Manifest:
    """The content of a manifest file.

    Attributes:
        model: digest of the tokenizer's model.
        settings: what is stored of the audio.
        entries: its segments, in the order in which they were made.
        made: number of segment names that were ever given out, so that no name is used twice.
    """

    model: str
    settings: Settings
    entries: tuple[Entry, ...] = ()
    made: int = 0
    format: int = field(default=FORMAT)

    @property
    def frames(self) -> int:
        """Number of codes in all segments."""
        return sum(entry.frames for entry in self.entries)

    def name(self, index: int = 0) -> str:
        """The name of the next segment, or of the `index`-th after it."""
        return f"{self.made + index:08d}.segment"

    def with_entry(self, entry: Entry) -> Manifest:
        """A manifest with one more segment."""
        return replace(self, entries=(*self.entries, entry))

    def check_model(self, model: str, where: str) -> None:
        """Raise ModelError if the index was built with another model; `where` names it in the message."""
        if self.model != model:
            raise ModelError(f"{where} was made with model {self.model}, this is {model}: build it anew")

    def save(self, folder: Folder) -> None:
        """Write the manifest atomically; this commits all changes."""
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
