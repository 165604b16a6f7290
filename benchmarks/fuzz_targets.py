"""What is done with mutated files: each target changes a whole file at random and uses it as kwsd would.

A target may raise `KwsdError`, which is a sentence for the user; anything else is a fault.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.random import Generator

from benchmarks.mutations import changed_array, changed_bytes, changed_json, one_of
from kwsd.archive import Archive, Query, Settings
from kwsd.archive.indexing import compaction
from kwsd.archive.indexing.file_table import FileTable
from kwsd.archive.search import hnsw
from kwsd.archive.search.methods import METHODS
from kwsd.archive.storage.array_file import pack, unpack
from kwsd.archive.storage.folder import MANIFEST, Buffer, Written, write_parts
from kwsd.audio.files import read
from kwsd.cli import main
from kwsd.cli.settings import defaults
from kwsd.enrolment.enroll import enroll
from kwsd.keywords.keyword import Keyword
from kwsd.keywords.keyword_file import to_bytes
from kwsd.keywords.store import Store, check_model
from kwsd.spotting.spotter import Spotter
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

Target = Callable[[Generator], None]

SETTINGS = b"""
store = "/keywords"
[enroll]
threshold = 0.5
scorer = "dtw"
[scan]
workers = 2
keyword = ["one", "two"]
[listen]
heartbeat = 10.0
queue = 5.5
jsonl = true
endpoint = ["tcp://127.0.0.1:7391"]
[search]
top = 20
method = "pairs"
"""
TOML_VALUES = (
    b"1e300", b"-1", b"0", b"nan", b"-inf", b"true", b'"x"', b'""', b"[]", b"[" * 20_000, b"{a = 1}", b"1979-05-27",
    b"07:32:00", b"9" * 5000, b'"\\u0000"', b"0x7fffffffffffffff", b"[1, 'a']", b"1_000",
)  # fmt: skip


def targets(recordings: list[Path], folder: Path) -> dict[str, Target]:
    """The targets by their names.

    Args:
        recordings: of one phrase, three or more.
        folder: an empty one, for the files that are mutated.
    """
    tokenizer = Tokenizer()
    keyword = enroll("hey snips", recordings[:2], tokenizer, keep_audio=True).keyword
    archive, _ = Archive.build(folder / "index", recordings[:3], tokenizer, settings=Settings(vectors=True, graph=True))
    heard = Frames.join([tokenizer.push(read(recordings[0])), tokenizer.flush()])
    index = IndexTarget(archive, tokenizer, Query.of_keyword(keyword))
    return {
        "keyword files": KeywordTarget(keyword, tokenizer, heard, folder / "store"),
        "index.json": index.manifest,
        "segments with a right hash": index.segment,
        "graphs with a right hash": index.graph,
        "settings files": SettingsTarget(folder / "config.toml"),
        "audio files": AudioTarget(read(recordings[0])[:8000], folder / "audio"),
    }


class KeywordTarget:
    """Imports a mutated keyword file, and spots it in speech if it was accepted."""

    def __init__(self, keyword: Keyword, tokenizer: Tokenizer, heard: Frames, folder: Path) -> None:
        self._content, self._tokenizer, self._heard, self._folder = to_bytes(keyword), tokenizer, heard, folder
        with np.load(io.BytesIO(self._content)) as data:
            self._arrays = dict(data)
        self._header = json.loads(str(self._arrays.pop("keyword")))
        folder.mkdir()

    def __call__(self, random: Generator) -> None:
        """Run one case."""
        path, store = self._folder / "stranger", Store(self._folder)
        path.write_bytes(self._changed(random))
        keyword = store.import_file(path, replace=True)
        try:
            check_model(store.load(keyword.name), self._tokenizer)
            spotter = Spotter([keyword], self._tokenizer.hop, self._tokenizer.codebook)
            spotter.push(self._heard)
            spotter.flush()
            Query.of_keyword(keyword)
        finally:
            store.remove(keyword.name)

    def _changed(self, random: Generator) -> bytes:
        arrays, header = dict(self._arrays), json.dumps(self._header)
        kind = random.integers(3)
        if kind == 0:
            return changed_bytes(random, self._content)
        if kind == 1:
            header = changed_json(random, self._header)
        else:
            name = one_of(random, sorted(arrays))
            arrays[name] = changed_array(random, arrays[name])
        buffer = io.BytesIO()
        save: Any = np.savez_compressed if random.random() < 0.05 else np.savez
        save(buffer, keyword=np.array(header), **arrays)
        return buffer.getvalue()


class MemoryFolder:
    """The files of an index in memory; a name that is no plain name is a fault."""

    name = "memory"

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)

    def names(self) -> list[str]:
        """As `Folder`."""
        return sorted(self.files)

    def map(self, name: str) -> memoryview:
        """As `Folder`."""
        _check_plain(name)
        if name not in self.files:
            raise FileNotFoundError(name)
        return memoryview(self.files[name])

    def write(self, name: str, parts: Iterable[Buffer]) -> Written:
        """As `Folder`."""
        _check_plain(name)
        buffer = io.BytesIO()
        written = write_parts(buffer, parts)
        self.files[name] = buffer.getvalue()
        return written

    def remove(self, name: str) -> None:
        """As `Folder`."""
        _check_plain(name)
        self.files.pop(name, None)

    @contextlib.contextmanager
    def writer_lock(self) -> Iterator[None]:
        """As `Folder`."""
        yield


class IndexTarget:
    """Opens a mutated index, searches it by every method, reads all documents and compacts it."""

    def __init__(self, archive: Archive, tokenizer: Tokenizer, query: Query) -> None:
        names = archive.folder.names()
        self._files = {name: bytes(archive.folder.map(name)) for name in names if name != "lock"}
        (self._entry,) = archive.manifest.entries
        self._manifest, self._tokenizer, self._query = archive.manifest, tokenizer, query

    def manifest(self, random: Generator) -> None:
        """Run one case with another manifest."""
        content = self._files[MANIFEST]
        if random.random() < 0.5:
            changed = changed_bytes(random, content)
        else:
            changed = changed_json(random, json.loads(content)).encode()
        self._use(random, MemoryFolder(self._files | {MANIFEST: changed}))

    def segment(self, random: Generator) -> None:
        """Run one case with another segment, whose size and hash are right."""
        folder = MemoryFolder(self._files)
        written = folder.write(self._entry.name, self._changed(random, self._entry.name))
        self._save(folder, bytes=written.bytes, sha256=written.sha256)
        self._use(random, folder)

    def graph(self, random: Generator) -> None:
        """Run one case with another graph, whose size and hash are right."""
        folder = MemoryFolder(self._files)
        written = folder.write(self._entry.graph, self._changed(random, self._entry.graph))
        self._save(folder, graph_bytes=written.bytes, graph_sha256=written.sha256)
        Archive(folder, self._tokenizer).search(self._query, method="hquest")

    def _changed(self, random: Generator, name: str) -> list[bytes]:
        content = self._files[name]
        if random.random() < 0.3:
            return [changed_bytes(random, content)]
        arrays = dict(unpack(memoryview(content), name))
        key = one_of(random, sorted(arrays))
        arrays[key] = changed_array(random, arrays[key])
        return [bytes(part) for part in pack(arrays)]

    def _save(self, folder: MemoryFolder, **facts: Any) -> None:
        replace(self._manifest, entries=(replace(self._entry, **facts),)).save(folder)

    def _use(self, random: Generator, folder: MemoryFolder) -> None:
        archive = Archive(folder, self._tokenizer)
        for part in archive.segments:
            list(part.documents)
        archive.search(self._query, method=one_of(random, sorted(METHODS)))
        FileTable(folder, archive.manifest)
        hnsw.complete(folder, compaction.compact(folder, archive.manifest, thorough=True))


class SettingsTarget:
    """Reads a mutated settings file as the command line does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, random: Generator) -> None:
        """Run one case."""
        self._path.write_bytes(self._changed(random))
        defaults(self._path, main)

    def _changed(self, random: Generator) -> bytes:
        if random.random() < 0.5:
            return changed_bytes(random, SETTINGS)
        lines = SETTINGS.splitlines()
        place = one_of(random, [number for number, line in enumerate(lines) if b"=" in line])
        lines[place] = lines[place].split(b"=")[0] + b"= " + one_of(random, TOML_VALUES)
        return b"\n".join(lines)


class AudioTarget:
    """Reads a mutated audio file of a random format."""

    FORMATS = (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"),
               ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_24"), ("CAF", "PCM_16"), ("AU", "ULAW"))  # fmt: skip

    MEDIA = (("mp4", "aac"), ("webm", "libopus"), ("mpegts", "mp2"))

    def __init__(self, samples: Any, path: Path) -> None:
        self._path, self._contents = path, [_encoded(samples, *one) for one in self.FORMATS]
        self._contents += [_muxed(samples, *one) for one in self.MEDIA]

    def __call__(self, random: Generator) -> None:
        """Run one case."""
        self._path.write_bytes(changed_bytes(random, one_of(random, self._contents)))
        read(self._path)


def _encoded(samples: Any, kind: str, subtype: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 16_000, format=kind, subtype=subtype)
    return buffer.getvalue()


def _muxed(samples: Any, kind: str, codec: str) -> bytes:
    """A file of FFmpeg's; kwsd reads it with the extra `media`."""
    import av  # noqa: PLC0415 - an extra

    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as container:
        track: Any = container.add_stream(codec, rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray((samples[None] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = 16_000
        for packet in (*track.encode(frame), *track.encode(None)):
            container.mux(packet)
    return buffer.getvalue()


def _check_plain(name: str) -> None:
    if "/" in name or name.startswith("."):
        raise AssertionError(f"the name {name!r} leaves the folder")
