"""Files to segments: each is heard by the tokenizer once, and what is kept of it goes into an index."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kwsd.archive.segments import segment
from kwsd.archive.segments.documents import DIGEST, Document
from kwsd.archive.segments.manifest import Entry, Settings
from kwsd.archive.segments.quantizer import Codes, Quantizer
from kwsd.archive.storage.folder import Folder
from kwsd.archive.storage.locations import folder_at
from kwsd.audio import FileSource
from kwsd.errors import AudioError
from kwsd.tokenizer.codebook import MERGED
from kwsd.tokenizer.tokenizer import Tokenizer

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Batch:
    """Files that make one segment.

    Attributes:
        name: of the segment.
        paths: of the files, absolute.
    """

    name: str
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch.

    Attributes:
        entry: the segment, None if no file could be read.
        paths: of the files that are in it.
        seconds: of audio in it.
        problems: a sentence for each file that could not be read, or not to its end.
    """

    entry: Entry | None
    paths: tuple[Path, ...]
    seconds: float
    problems: tuple[str, ...]


class SegmentBuilder:
    """Makes segments of files.

    Args:
        location: of the index.
        settings: what is kept of the audio.
        model: the tokenizer's file, the shipped one if None.
    """

    def __init__(self, location: str, settings: Settings, model: Path | None = None) -> None:
        self._folder, self._settings = folder_at(location), settings
        self._tokenizer = Tokenizer(model)

    def __call__(self, batch: Batch, progress: Progress = lambda share: None) -> BatchResult:
        """Hear the files and write their segment; `progress` is told the share that is done."""
        heard: list[tuple[Document, Codes]] = []
        problems: list[str] = []
        for done, path in enumerate(batch.paths):
            try:
                document, coded, damage = self.hear(
                    path,
                    lambda share: progress((done + share) / len(batch.paths)),  # noqa: B023 - used up here
                )
            except AudioError as error:
                problems.append(str(error))
                continue
            heard.append((document, coded))
            problems += [damage] if damage else []
        entry = write(self._folder, batch.name, heard) if heard else None
        seconds = sum(document.seconds for document, _ in heard)
        return BatchResult(entry, tuple(Path(document.path) for document, _ in heard), seconds, tuple(problems))

    def hear(self, path: Path, progress: Progress = lambda share: None) -> tuple[Document, Codes, str | None]:
        """A file as a document, its codes, and a sentence if it ended before it should have.

        Raises:
            AudioError: the file cannot be used.
        """
        size, modified, digest = identity(path)
        source, coder = (
            FileSource(path),
            Quantizer(self._tokenizer.codebook, self._settings.stages, self._settings.vectors),
        )
        self._tokenizer.reset()
        parts, seconds = [], 0.0
        for block in source.blocks():
            parts.append(coder.push(self._tokenizer.push(block.samples)))
            seconds += block.seconds
            progress(min(1.0, seconds / (source.seconds or seconds)))
        coded = Codes.join([*parts, coder.push(self._tokenizer.flush()), coder.flush()])
        document = Document(str(path), size, modified, digest, seconds, origin(self._tokenizer), len(coded))
        return document, coded, source.damage


def write(folder: Folder, name: str, heard: Sequence[tuple[Document, Codes]]) -> Entry:
    """A segment of these documents, at least one."""
    return segment.write(folder, name, [document for document, _ in heard], Codes.join(coded for _, coded in heard))


def origin(tokenizer: Tokenizer) -> float:
    """Seconds from the start of a stream to the middle of its first code."""
    return tokenizer.hop * (MERGED + 1) / 2 - tokenizer.delay


def identity(path: Path) -> tuple[int, int, str]:
    """A file's size in bytes, the time of its last change in nanoseconds, and its hash in hex digits.

    Raises:
        AudioError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            facts = path.stat()
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=DIGEST))
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror}") from None
    return facts.st_size, facts.st_mtime_ns, digest.hexdigest()
