"""Build segments: tokenize audio files, quantize the frames and write a segment of a batch of files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
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
"""Called with the share of the work that is done, from 0 to 1."""


@dataclass(frozen=True)
class Batch:
    """A batch of files that becomes one segment.

    Attributes:
        name: of the segment's file.
        paths: of the files, absolute.
    """

    name: str
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class BatchResult:
    """The result of processing a batch.

    Attributes:
        entry: of the segment, None if no file could be read.
        paths: of the files that are in it.
        seconds: duration of the audio in it.
        problems: a sentence for each file that could not be read, or not to its end.
    """

    entry: Entry | None
    paths: tuple[Path, ...]
    seconds: float
    problems: tuple[str, ...]


BatchRunner = Callable[[Sequence[Batch]], Iterator[BatchResult]]
"""Processes batches and yields their results, in any order."""


class SegmentBuilder:
    """Builds a segment of each batch of files.

    Args:
        location: of the index.
        settings: what is stored of the audio.
        model: the tokenizer's model file, the shipped one if None.
    """

    def __init__(self, location: str, settings: Settings, model: Path | None = None) -> None:
        self._folder, self._settings = folder_at(location), settings
        self._tokenizer = Tokenizer(model)

    def __call__(self, batch: Batch, progress: Progress = lambda share: None) -> BatchResult:
        """Process the files and write their segment; `progress` is called with the share that is done, from 0 to 1."""
        documents: list[tuple[Document, Codes]] = []
        problems: list[str] = []
        for done, path in enumerate(batch.paths):
            try:
                document, codes, damage = self.encode_file(
                    path,
                    lambda share: progress((done + share) / len(batch.paths)),  # noqa: B023 - used up here
                )
            except AudioError as error:
                problems.append(str(error))
                continue
            documents.append((document, codes))
            problems += [damage] if damage else []
        entry = write(self._folder, batch.name, documents, small=self._settings.small) if documents else None
        seconds = sum(document.seconds for document, _ in documents)
        return BatchResult(entry, tuple(Path(document.path) for document, _ in documents), seconds, tuple(problems))

    def encode_file(self, path: Path, progress: Progress = lambda share: None) -> tuple[Document, Codes, str | None]:
        """Tokenize and quantize a file: its document, its codes, and a sentence if the file is damaged.

        Raises:
            AudioError: the file cannot be used.
        """
        size, modified, digest = file_identity(path)
        source = FileSource(path)
        quantizer = Quantizer(self._tokenizer.codebook, self._settings.stages, self._settings.vectors)
        self._tokenizer.reset()
        parts, seconds = [], 0.0
        for block in source.blocks():
            parts.append(quantizer.push(self._tokenizer.push(block.samples)))
            seconds += block.seconds
            progress(min(1.0, seconds / (source.seconds or seconds)))
        codes = Codes.join([*parts, quantizer.push(self._tokenizer.flush()), quantizer.flush()])
        document = Document(str(path), size, modified, digest, seconds, origin(self._tokenizer), len(codes))
        return document, codes, source.damage


def write(folder: Folder, name: str, documents: Sequence[tuple[Document, Codes]], *, small: bool) -> Entry:
    """Write a segment of these documents, at least one; see `Settings` for `small`."""
    codes = Codes.join(codes for _, codes in documents)
    return segment.write(folder, name, [document for document, _ in documents], codes, small=small)


def origin(tokenizer: Tokenizer) -> float:
    """Seconds from the start of a stream to the middle of its first code."""
    return tokenizer.hop * (MERGED + 1) / 2 - tokenizer.delay


def file_identity(path: Path) -> tuple[int, int, str]:
    """A file's size in bytes, its modification time in ns (Unix time), and its BLAKE2b hash in hex digits.

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
