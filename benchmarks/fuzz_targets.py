"""What is done with mutated files and messages: each target changes one at random and uses it as kwsd would.

A target may raise `KwsdError`, which is a sentence for the user; anything else is a fault.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.random import Generator

from benchmarks.fuzz_index import IndexTarget
from benchmarks.fuzz_zeromq import FrameTarget
from benchmarks.mutations import changed_array, changed_bytes, changed_json, one_of
from kwsd.archive import Archive, Query, Settings
from kwsd.audio.files import read
from kwsd.cli import main
from kwsd.cli.settings import defaults
from kwsd.control.messages import id_of, read_request
from kwsd.enrolment.enroll import enroll
from kwsd.events.messages import from_json, parse
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
    query = Query.of_keyword(keyword)
    kinds = {"index": Settings(vectors=True, graph=True), "small": Settings(graph=True, small=True)}
    index, small = (
        IndexTarget(Archive.build(folder / name, recordings[:3], tokenizer, settings=settings)[0], tokenizer, query)
        for name, settings in kinds.items()
    )
    heard = Frames.join([tokenizer.push(read(recordings[0])), tokenizer.flush()])
    return {
        "keyword files": KeywordTarget(keyword, tokenizer, heard, folder / "store"),
        "index.json": index.manifest,
        "segments with a right hash": index.segment,
        "segments of a small index": small.segment,
        "graphs with a right hash": index.graph,
        "settings files": SettingsTarget(folder / "config.toml"),
        "audio files": AudioTarget(read(recordings[0])[:8000], folder / "audio"),
        "events": read_event,
        "control requests": read_control,
        "frames of subscribers": FrameTarget(),
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


EVENT = {
    "version": 1, "event": "detection", "sequence": 1, "instance": "5eed1e55", "stream": "kitchen", "wall": 1.75e9,
    "model": "0123456789ab", "keyword": "hey snips", "distance": 0.25, "threshold": 0.5, "start": 12.0, "end": 12.75,
    "heard": None,
}  # fmt: skip
REQUESTS: tuple[dict[str, Any], ...] = (
    {"verb": "threshold", "keyword": "hey snips", "threshold": 0.4, "keep": True, "id": "7", "version": 1},
    {"verb": "scores", "rate": 4.0, "keywords": ["hey snips"]},
    {"verb": "status"},
)


def read_event(random: Generator) -> None:
    """Read a mutated event as a subscriber does."""
    message = _changed_message(random, EVENT)
    parse(from_json(message).topic(), message)


def read_control(random: Generator) -> None:
    """Read a mutated request as `kwsd listen` does."""
    message = _changed_message(random, one_of(random, REQUESTS))
    id_of(message)
    read_request(message)


def _changed_message(random: Generator, facts: dict[str, Any]) -> bytes:
    if random.random() < 0.5:
        return changed_bytes(random, json.dumps(facts).encode())
    return changed_json(random, facts).encode()


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
