"""A small index beside one with posting lists: `python -m benchmarks.small_index`; docs/archive.md.

Sizes of five hours of LibriSpeech, as files of 12 s and as files of an hour. Then both kinds of index hold a thousand
hours, which are made of the five by changing six of ten first bytes to one of the eight nearest words, and answer the
same queries of one and of three recordings in turns, by one thread and by two. Hits must be the same. Times are of the
clock: nothing else should run.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.index_size import PARTS, Vectors, coded, heard, write
from benchmarks.product import Product, command
from benchmarks.tables import table
from export.spoken_queries import Templates, aligned
from kwsd.archive import Archive, Hit, Query, Settings
from kwsd.archive.indexing import index_writer
from kwsd.archive.segments.alternation import stages_of
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.quantizer import Codes
from kwsd.archive.statistics import info
from kwsd.tokenizer.codebook import MERGED

HOURS, SEGMENTS = 1000, 10
QUERIES, TURNS, VOICES, THREADS = 60, 3, (1, 3), (1, 2)
CHANGED, NEAREST = 0.6, 8
KINDS = {"with posting lists": Settings(), "small": Settings(small=True)}


@command(__doc__)
def main(product: Product) -> dict[str, Any]:
    """Bytes and times of both kinds of index."""
    clips, words, _ = aligned(product.protocol.shared, corpora.default_cache(), ("dev", "train"))
    vectors, templates = heard(product, clips), Templates(product.tokenizer)
    everybody = {clip.speaker for clip in clips}
    asked = {count: list(map(templates.query, words.queries(QUERIES, everybody, count))) for count in VOICES}
    with tempfile.TemporaryDirectory() as place:
        sizes = [*_built(product, Path(place), clips), *_of_an_hour(product, Path(place), vectors)]
        click.echo(f"\n{table(('files', 'index', *(f'{part}, kB an hour' for part in PARTS)), sizes)}")
        times = _timed(product, Path(place), clips, vectors, asked)
        columns = ("index", "recordings", "threads", "opened, ms", "median ms", "99th percentile ms")
        click.echo(f"\n{table(columns, times)}")
    return {"sizes": sizes, "times": times}


def _built(product: Product, place: Path, clips: Sequence[corpora.Clip]) -> Iterator[list[object]]:
    index = place / "built"
    Archive.build(index, [clip.path for clip in clips], product.tokenizer)
    for name, settings in KINDS.items():
        index_writer.compact(index, small=settings.small)
        yield ["of 12 s", name, *_kilobytes(index)]


def _of_an_hour(product: Product, place: Path, vectors: Sequence[Vectors]) -> Iterator[list[object]]:
    joined = np.concatenate(vectors)
    codes_an_hour = round(3600 / (MERGED * product.tokenizer.hop))
    files = np.split(joined, range(codes_an_hour, len(joined), codes_an_hour))
    paths = [Path(f"/recordings/{number}.flac") for number in range(len(files))]
    for name, settings in KINDS.items():
        index = place / f"hours, {name}"
        write(product, index, [coded(product, paths, files, settings.stages)], settings)
        yield ["of an hour", name, *_kilobytes(index)]


def _kilobytes(index: Path) -> list[str]:
    found = info(str(index))
    return [f"{found.bytes[part] / found.seconds * 3.6:.0f}" for part in PARTS]


def _timed(
    product: Product,
    place: Path,
    clips: Sequence[corpora.Clip],
    vectors: Sequence[Vectors],
    asked: Mapping[int, Sequence[Query]],
) -> list[list[object]]:
    """Opening, and the median and 99th percentile of a query, in ms, of each turn."""
    paths = [place / name for name in KINDS]
    documents, codes = coded(product, [clip.path for clip in clips], vectors, Settings().stages)
    for path, settings in zip(paths, KINDS.values(), strict=True):
        write(product, path, _perturbed(product, documents, codes), settings)
    rows: list[list[object]] = []
    for _, (voices, queries) in itertools.product(range(TURNS), asked.items()):
        answers = []
        for path, threads in itertools.product(paths, THREADS):
            os.environ["OMP_NUM_THREADS"] = str(threads)  # a search asks each time
            began = time.perf_counter()
            archive = Archive.open(path, product.tokenizer)
            opened = time.perf_counter() - began
            hits, seconds = _answers(archive, queries)
            answers.append(hits)
            figures = (opened, np.median(seconds), np.percentile(seconds, 99))
            rows.append([path.name, voices, threads, *(f"{1000 * figure:.1f}" for figure in figures)])
        if any(hits != answers[0] for hits in answers):
            raise click.ClickException("the hits are not the same")
    return sorted(rows, key=lambda row: row[:3])


def _answers(archive: Archive, asked: Sequence[Query]) -> tuple[list[list[tuple[str, float, float]]], list[float]]:
    """The hits of each query, and how long it took; one query first, which is not timed."""
    archive.search(asked[0])
    hits, seconds = [], []
    for query in tqdm(asked, desc=archive.folder.name, leave=False):
        began = time.perf_counter()
        found = archive.search(query)
        seconds.append(time.perf_counter() - began)
        hits.append(list(map(_what, found)))
    return hits, seconds


def _what(hit: Hit) -> tuple[str, float, float]:
    return hit.path, hit.start, hit.score


def _perturbed(
    product: Product, documents: Sequence[Document], codes: Codes
) -> Iterator[tuple[Sequence[Document], Codes]]:
    """Segments of a thousand hours; the same each time."""
    random, near = np.random.default_rng(7), _nearest(product.tokenizer.codebook.stages[0])
    hours = sum(document.seconds for document in documents) / 3600
    copies = round(HOURS / hours / SEGMENTS)
    first = [0, stages_of(codes.rows.shape[1])]
    for _ in tqdm(range(SEGMENTS), desc="segments"):
        parts = []
        for _ in range(copies):
            rows = codes.rows.copy()
            words = rows[:, first]
            other = near[words, random.integers(0, NEAREST, words.shape)]
            rows[:, first] = np.where(random.random(words.shape) < CHANGED, other, words)
            parts.append(Codes(rows, codes.norms, codes.vectors))
        yield list(documents) * copies, Codes.join(parts)


def _nearest(words: NDArray[np.float32]) -> NDArray[np.uint8]:
    """[256, NEAREST] the nearest other words of each."""
    squares = ((words[:, None] - words) ** 2).sum(axis=2)
    return np.argsort(squares, axis=1)[:, 1 : NEAREST + 1].astype(np.uint8)


if __name__ == "__main__":
    main()
