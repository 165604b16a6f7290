"""The manifest of an index: a JSON file, replaced atomically, that holds the settings and names the segments."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated

import msgspec
from msgspec import Meta

from kwsd.archive.storage.folder import MANIFEST, Folder
from kwsd.errors import ArchiveError, ModelError

FORMAT = 6
"""Of what is written. 1 had other posting lists, 1 and 2 longer norms, 1 to 3 document tables that were not compressed,
1 to 4 whole codes only, 1 to 5 posting lists always; all are read, too."""
PLAIN = 4
"""Of a segment of whole codes, as they are written today: codes stay what they are."""
LARGEST = 256 << 20  # bytes

Count = Annotated[int, Meta(ge=0, lt=2**62)]
Hash = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]


@dataclass(frozen=True)
class Settings:
    """What an index stores of the audio.

    Attributes:
        stages: quantizer stages, 1 to 6, one byte of a code each; every other code has two bytes less, but one at
            least. There are 12.5 codes a second. Fewer stages make a smaller index and find fewer hits.
        vectors: also store the vectors, in 8 bits: 16 times as many bytes, and a few more hits.
        graph: build the HNSW graph that `--method hquest` needs.
        small: no posting lists, and norms that are compressed: two thirds of the bytes and the same hits, but for each
            query the first bytes of all codes are read.
    """

    stages: Annotated[int, Meta(ge=1, le=6)] = 5
    vectors: bool = False
    graph: bool = False
    small: bool = False


@dataclass(frozen=True)
class Entry:
    """A segment in the manifest.

    Attributes:
        name: of its file; one that a machine of a cluster wrote has that machine's suffix after the number.
        bytes, sha256: of the file's content.
        documents, frames: number of documents and of codes.
        dropped: indices of documents that were removed or replaced since, ascending.
        graph_bytes, graph_sha256: of the content of its graph's file, 0 and "" if there is none.
        format: of its file, 0 for all before format 4, and PLAIN where its codes are whole ones only.
    """

    name: Annotated[str, Meta(pattern=r"^[0-9]{8,12}(-[0-9a-f]{8})?\.segment\Z")]
    bytes: Count
    sha256: Hash
    documents: Count
    frames: Count
    dropped: tuple[Count, ...] = ()
    graph_bytes: Count = 0
    graph_sha256: Hash = ""
    format: Count = 0

    @property
    def number(self) -> int:
        """The number in its name."""
        return int(self.name.removesuffix(".segment").partition("-")[0])

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

    model: Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]
    settings: Settings
    entries: tuple[Entry, ...] = ()
    made: Count = 0
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
            content = folder.map(MANIFEST)
        except FileNotFoundError:
            raise ArchiveError(f"{folder.name} is not an index: make one with `kwsd index build`") from None
        try:
            return _read(content, folder)
        except (ValueError, RecursionError, msgspec.MsgspecError) as error:
            raise ArchiveError(
                f"{folder.name} is not an index, or its {MANIFEST} is damaged ({error}): build it anew"
            ) from error


class _Version(msgspec.Struct, frozen=True):
    format: int


def _read(content: memoryview, folder: Folder) -> Manifest:
    if len(content) > LARGEST:
        raise ValueError(f"it has more than {LARGEST >> 20} MB")
    version = msgspec.json.decode(content, type=_Version).format
    if version > FORMAT:
        raise ArchiveError(
            f"{folder.name} is of format {version}, written by a newer kwsd: upgrade this one to read it"
        )
    manifest = msgspec.json.decode(content, type=Manifest)
    numbers = [entry.number for entry in manifest.entries]
    if len({*numbers}) < len(numbers) or max(numbers, default=-1) >= manifest.made:
        raise ValueError("two segments have one name, or a name was not given out")
    if not all(_is_possible(entry) for entry in manifest.entries):
        raise ValueError("documents are dropped that a segment does not have")
    return replace(manifest, format=FORMAT)


def _is_possible(entry: Entry) -> bool:
    rising = all(one < other for one, other in itertools.pairwise(entry.dropped))
    return rising and (not entry.dropped or entry.dropped[-1] < entry.documents)
