"""An archive of a thousand hours for `benchmarks.search`: perturbed copies of real speech, until there are enough.

A take is the vectors of a recording at 0.85 to 1.15 of its tempo, with Gaussian noise that leaves a mean cosine of
about 0.85 to what it was, coded anew: as another take of the same speech would be. Every phrase has many near copies,
so what is found says little about accuracy: how long it takes, and how much of the exact answer is found, counts here.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.measures import frames_of
from benchmarks.product import Product
from benchmarks.tables import table
from export.spoken_queries import Templates, aligned
from kwsd.archive import Archive, Hit, Query, Settings
from kwsd.archive.search import hnsw
from kwsd.archive.segments import segment
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.manifest import FORMAT, Entry, Manifest
from kwsd.archive.segments.quantizer import Codes, Quantizer
from kwsd.archive.storage.array_file import unpack
from kwsd.archive.storage.local import LocalFolder
from kwsd.tokenizer.codebook import MERGED, merged, unit
from kwsd.tokenizer.tokenizer import Tokenizer

HOURS = (10, 100, 1000)
QUERIES, EXACT = 100, 20  # queries timed with the fast methods, and with the slow
REAL, LENGTHS = "real.npy", "lengths.npy"
STAGES = Settings().stages
NOISE = 0.062  # standard deviation of each of 96 components
TEMPO = 0.15
PER_SEGMENT = 100.0  # hours
RECALLED = 20  # hits
SOURCES = ("librispeech", "ljspeech", "alphanumeric", "dspspeech")
"""Real speech: fourteen hours of it, of 350 speakers."""


def heard(product: Product) -> list[NDArray[np.float32]]:
    """The vectors [n, m] of each recording, 12.5 a second."""
    found = []
    for name in SOURCES:
        clips = [*product.clips(name, "train"), *product.clips(name, "dev")]
        some = clips[: 2 * len(clips) // 3] if name == "dspspeech" else clips
        for _, samples in corpora.decodable(tqdm(some, desc=name, unit="clip")):
            found.append(merged(frames_of(product.tokenizer, [samples]).vectors))
    return found


def perturbed(vectors: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Another take of a recording."""
    tempo = 1 + rng.uniform(-TEMPO, TEMPO)
    at = np.minimum(np.arange(0, len(vectors), tempo), len(vectors) - 1)
    below = at.astype(np.intp)
    share = (at - below).astype(np.float32)[:, None]
    between = vectors[below] * (1 - share) + vectors[np.minimum(below + 1, len(vectors) - 1)] * share
    noise = rng.standard_normal(between.shape, np.float32) * np.float32(NOISE)
    return unit(unit(between) + noise)


def _make(job: tuple[Path, int, float, Path | None]) -> None:
    """Write one segment of an index, whose recordings were saved beside it, unless it is there."""
    place, number, hours, model = job
    folder = LocalFolder(place)
    if _name(number) in folder.names():
        return
    tokenizer, rng = Tokenizer(model), np.random.default_rng((7, number))
    stored = np.load(place / REAL, mmap_mode="r")
    bounds = np.concatenate([[0], np.cumsum(np.load(place / LENGTHS))])
    hop, held = MERGED * tokenizer.hop, 0.0
    parts: list[Codes] = []
    documents: list[Document] = []
    while held < hours * 3600:
        for index in rng.permutation(len(bounds) - 1):
            vectors = np.asarray(stored[bounds[index] : bounds[index + 1]], np.float32)
            take = perturbed(vectors, rng)
            coded = Quantizer(tokenizer.codebook, STAGES, vectors=False).code(take)
            seconds = len(take) * hop
            parts.append(coded)
            documents.append(Document(f"{number}/{len(documents)}", 0, 0, "", seconds, 0.0, len(coded)))
            held += seconds
            if held >= hours * 3600:
                break
    segment.write(folder, _name(number), documents, Codes.join(parts))


def build(product: Product, place: Path, hours: Sequence[float], workers: int = 2) -> None:
    """An index whose first segments are indices of fewer hours; what is there is kept."""
    place.mkdir(parents=True, exist_ok=True)
    if not (place / LENGTHS).exists():
        real = heard(product)
        np.save(place / REAL, np.concatenate(real).astype(np.float16))
        np.save(place / LENGTHS, np.array([len(vectors) for vectors in real]))
    ends = _ends(hours)
    sizes = np.diff([0, *ends])
    jobs = [(place, number, float(size), product.tokenizer.path) for number, size in enumerate(sizes)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for _ in tqdm(pool.imap(_make, jobs), total=len(jobs), desc="segments"):
            pass
    folder = LocalFolder(place)
    entries = tuple(_entry(folder, number) for number in range(len(jobs)))
    manifest = Manifest(product.tokenizer.digest, Settings(graph=True), entries, len(jobs))
    manifest.save(folder)
    hnsw.complete(folder, manifest)


def _ends(hours: Sequence[float]) -> list[float]:
    """After how many hours each segment ends."""
    return sorted({*hours, *np.arange(PER_SEGMENT, max(hours), PER_SEGMENT).tolist()})


def _name(number: int) -> str:
    return f"{number:08d}{segment.SUFFIX}"


def _entry(folder: LocalFolder, number: int) -> Entry:
    """What a manifest says of a segment that is there, and of its graph if that is."""
    name = _name(number)
    arrays = unpack(folder.map(name), name)
    frames = arrays["document_frames"]
    bare = Entry(name, *_content(folder, name), len(frames), int(frames.sum()), format=FORMAT)
    if bare.graph not in folder.names():
        return bare
    size, digest = _content(folder, bare.graph)
    return replace(bare, graph_bytes=size, graph_sha256=digest)


def _content(folder: LocalFolder, name: str) -> tuple[int, str]:
    content = folder.map(name)
    return len(content), hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Case:
    """One method on the first segments of the index."""

    place: Path
    segments: int
    method: str
    queries: Sequence[Query]
    model: Path | None


@dataclass(frozen=True)
class Result:
    """Seconds and hits of each query, and the peak of the process's memory in MB, with what it touched of the files."""

    seconds: list[float]
    hits: list[list[Hit]]
    memory: float


def run(case: Case) -> Result:
    """Ask each query once; the first two are asked before, so that files are mapped."""
    tokenizer = Tokenizer(case.model)
    archive = Archive.open(case.place, tokenizer)
    archive.segments = archive.segments[: case.segments]
    for query in case.queries[:2]:
        archive.search(query, method=case.method, top=RECALLED)
    seconds, hits = [], []
    for query in case.queries:
        begun = time.perf_counter()
        hits.append(archive.search(query, method=case.method, top=RECALLED))
        seconds.append(time.perf_counter() - begun)
    return Result(seconds, hits, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def recall(found: Sequence[Sequence[Hit]], exact: Sequence[Sequence[Hit]]) -> float:
    """The share in percent of the exact search's hits that were found, over all queries."""
    shares = [
        sum(any(hit.overlaps(other) for other in some) for hit in all_of_them) / max(len(all_of_them), 1)
        for some, all_of_them in zip(found, exact, strict=False)
    ]
    return 100 * float(np.mean(shares))


def measure(product: Product) -> dict[str, Any]:
    """Time, memory and recall of every method at several sizes."""
    cache = corpora.default_cache()
    place = cache / "hours"
    build(product, place, HOURS)
    _, words, _ = aligned(product.protocol.shared, cache, ("dev",))
    templates = Templates(product.tokenizer)
    speakers = {said.speaker for some in words.said.values() for said in some}
    queries = [templates.query(said) for said in words.queries(QUERIES, speakers)]
    ends = _ends(HOURS)
    rows, figures = [], {}
    for hours in HOURS:
        results: dict[str, Result] = {}
        for method, count in METHODS.items():
            case = Case(place, ends.index(hours) + 1, method, queries[:count], product.tokenizer.path)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                results[method] = pool.apply(run, (case,))
            rows.append([hours, method, *_figures(results, method)])
            click.echo(f"{hours} h, {method}: {rows[-1][2:]}")
            figures[f"{hours} h, {method}"] = dict(zip(HEADER[2:], rows[-1][2:], strict=True))
    click.echo(f"\n{table(HEADER, rows)}\n\n{table(('hours', 'what', 'MB', 'kB an hour'), _sizes(place, ends))}")
    return figures


METHODS = {"dtw": EXACT, "pairs": QUERIES, "exact": EXACT, "hquest": QUERIES, "inverted": EXACT}
EXACT_OF = {"pairs": "dtw", "hquest": "exact", "inverted": "exact"}
HEADER = ("hours", "method", "median ms", "99th percentile ms", "recall % of the exact 20", "memory MB")


def _figures(results: Mapping[str, Result], method: str) -> list[str]:
    result = results[method]
    median, most = (1000 * float(np.quantile(result.seconds, q)) for q in (0.5, 0.99))
    exact = results.get(EXACT_OF.get(method, ""))
    share = f"{recall(result.hits, exact.hits):.1f}" if exact else ""
    return [f"{median:.1f}", f"{most:.1f}", share, f"{result.memory:.0f}"]


def _sizes(place: Path, ends: Sequence[float]) -> list[list[object]]:
    manifest = Manifest.load(LocalFolder(place))
    both = {"codes and posting lists": "bytes", "graphs": "graph_bytes"}
    totals = {name: sum(getattr(entry, field) for entry in manifest.entries) for name, field in both.items()}
    return [[ends[-1], name, f"{total / 1e6:.0f}", f"{total / 1e3 / ends[-1]:.0f}"] for name, total in totals.items()]
