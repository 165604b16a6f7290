"""Speech on disk as one long stream per speed: the audio that training windows are cut from."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import tarfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray
from tqdm import tqdm

RATE = 16_000
SPEECH = (*("librispeech", "ljspeech", "speech-commands", "dspspeech", "arabic-commands", "alphanumeric", "telephone"),)
NOISE = ("esc10-noise",)


class CorpusError(Exception):
    """A corpus is missing or incomplete; the message names the file and what to do."""


@dataclass(frozen=True)
class Clip:
    """One recording of a corpus, as its manifest describes it."""

    path: Path
    speaker: str
    text: str
    language: str
    split: str
    seconds: float


@dataclass(frozen=True)
class Entry:
    """Where a clip lies in a prepared stream.

    Attributes:
        corpus: its name.
        path: below the folder of corpora.
        speaker, text: as in the corpus's manifest.
        first, samples: index of its first sample in the stream, and how many there are.
    """

    corpus: str
    path: str
    speaker: str
    text: str
    first: int
    samples: int


def default_cache() -> Path:
    """The folder that corpora are unpacked to and prepared data is kept in."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "kwsd"


def unpack(shared: Path, name: str, cache: Path) -> Path:
    """Unpack `NAME.tar` below the cache once; a half-unpacked folder is never taken for a whole one."""
    folder = cache / "corpus" / name
    if (folder / ".complete").exists():
        return folder
    archive = shared / "corpus" / f"{name}.tar"
    if not archive.exists():
        raise CorpusError(f"{archive} is not there: pass --shared the folder that holds corpus/{name}.tar")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (folder / ".complete").touch()
    return folder


def clips(shared: Path, name: str, cache: Path, split: str = "train") -> list[Clip]:
    """The clips of one split of a corpus, in manifest order.

    Raises:
        CorpusError: the corpus or its manifest is not there.
    """
    folder = unpack(shared, name, cache)
    manifest = shared / "corpus" / f"{name}.tsv"
    if not manifest.exists():
        raise CorpusError(f"{manifest} is not there: pass --shared the folder that holds it")
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [
        Clip(folder / r["path"], r["speaker"], r["text"], r["language"], r["split"], float(r["seconds"]))
        for r in rows
        if r["split"] == split
    ]


def read(path: Path, speed: float = 1.0) -> NDArray[np.float32]:
    """Mono samples at 16 kHz; `speed` 1.1 plays a tenth faster, and higher.

    Raises:
        CorpusError: the file is missing or cannot be decoded.
    """
    try:
        samples, rate = sf.read(path, dtype="float32", always_2d=True)
    except (OSError, sf.LibsndfileError) as error:
        raise CorpusError(f"{path} cannot be read ({error}): delete its folder so that it is unpacked again") from error
    return cast(NDArray[np.float32], soxr.resample(samples.mean(axis=1), rate * speed, RATE))


def write(path: Path, samples: NDArray[np.float32]) -> None:
    """Write samples [n] at RATE as Opus; the file appears only when whole."""
    part = path.with_suffix(".part")
    sf.write(part, samples, RATE, format="OGG", subtype="OPUS", compression_level=0.9)
    part.replace(path)


def decodable(chosen: Iterable[Clip]) -> Iterator[tuple[Clip, NDArray[np.float32]]]:
    """Clips and their samples [n] at 16 kHz, without those that cannot be decoded.

    Raises:
        CorpusError: a clip is missing.
    """
    for clip in chosen:
        try:
            yield clip, read(clip.path)
        except CorpusError:
            if not clip.path.exists():
                raise


def _pcm(path: Path, speed: float) -> NDArray[np.int16] | None:
    try:
        return (np.clip(read(path, speed), -1, 1) * 32767).astype(np.int16)
    except CorpusError:
        return None


def _write_stream(out: Path, clips: list[Clip], speed: float, root: Path) -> None:
    """Decode the clips in parallel and append them to one raw file, which appears, last of all, only when whole.

    Its `.index` says where each clip lies. Clips that cannot be decoded are left out and named in a `.skipped` file.
    """
    part, skipped, first = out.with_suffix(".part"), [], 0
    with (
        part.open("wb") as file,
        out.with_suffix(".index").open("w", newline="") as table,
        ProcessPoolExecutor() as pool,
    ):
        index = csv.writer(table, delimiter="\t", lineterminator="\n")
        index.writerow(field.name for field in fields(Entry))
        decoded = pool.map(partial(_pcm, speed=speed), [clip.path for clip in clips], chunksize=32)
        progress = tqdm(decoded, total=len(clips), desc=f"decode {out.stem}", unit="clip")
        for clip, pcm in zip(clips, progress, strict=True):
            if pcm is None:
                skipped.append(clip.path.name)
                continue
            pcm.tofile(file)
            path = clip.path.relative_to(root)
            index.writerow([path.parts[0], path, clip.speaker, clip.text, first, len(pcm)])
            first += len(pcm)
    out.with_suffix(".skipped").write_text("".join(f"{name}\n" for name in skipped))
    part.replace(out)


def index(cache: Path, stem: str) -> Iterator[Entry]:
    """The clips of a prepared stream, in order.

    Raises:
        CorpusError: the stream was not prepared.
    """
    path = cache / "train" / f"{stem}.index"
    if not path.exists():
        raise CorpusError(f"{path} is not there: run `python -m export.prepare` first")
    with path.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            place = (row["corpus"], row["path"], row["speaker"], row["text"])
            yield Entry(*place, int(row["first"]), int(row["samples"]))


def prepare(shared: Path, cache: Path, seed: int, speeds: tuple[float, ...] = (1.0, 0.9, 1.1)) -> dict[str, object]:
    """Decode every training clip once per speed, in a seeded order, and the noises; returns the data manifest.

    Files that are already there are kept, so an interrupted run goes on where it stopped.
    """
    work = cache / "train"
    work.mkdir(parents=True, exist_ok=True)
    speech = [clip for name in SPEECH for clip in clips(shared, name, cache)]
    noise = [clip for name in NOISE for clip in clips(shared, name, cache)]
    random.Random(seed).shuffle(speech)
    streams = [(f"speech-{speed:g}", speech, speed) for speed in speeds] + [("noise-1", noise, 1.0)]
    for stem, source, speed in streams:
        out = work / f"{stem}.raw"
        if not (out.exists() and out.with_suffix(".index").exists()):
            _write_stream(out, source, speed, cache / "corpus")
    manifest: dict[str, object] = {
        "seed": seed,
        "speeds": list(speeds),
        "skipped": sorted({name for path in work.glob("*.skipped") for name in path.read_text().split()}),
        "corpora": dict(_describe(shared, cache)),
    }
    (work / "manifest.json").write_text(json.dumps(manifest, indent=1))
    return manifest


def _describe(shared: Path, cache: Path) -> Iterator[tuple[str, dict[str, object]]]:
    for name in (*SPEECH, *NOISE):
        used = clips(shared, name, cache)
        digest = hashlib.sha256((shared / "corpus" / f"{name}.tsv").read_bytes()).hexdigest()
        hours = round(sum(clip.seconds for clip in used) / 3600, 2)
        yield name, {"clips": len(used), "hours": hours, "manifest_sha256": digest}


def stream(cache: Path, stem: str) -> NDArray[np.int16]:
    """A prepared stream as a read-only memory map [samples] at 16 kHz."""
    return np.memmap(cache / "train" / f"{stem}.raw", dtype=np.int16, mode="r")


def to_float(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    """16-bit samples as float32 in [-1, 1)."""
    return pcm.astype(np.float32) * np.float32(1 / 32768)
