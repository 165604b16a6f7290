"""An index built and searched by the machines of a Ray cluster, which all reach the audio and the index."""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kwsd.archive.indexing.segment_builder import Batch, BatchResult, BatchRunner, SegmentBuilder
from kwsd.archive.search.hit import Hit, distinct
from kwsd.archive.search.methods import search
from kwsd.archive.search.query import Query
from kwsd.archive.segments import index_reader, segment
from kwsd.archive.segments.manifest import Entry, Manifest, Settings
from kwsd.archive.storage.folder import Folder
from kwsd.archive.storage.locations import folder_at
from kwsd.errors import ArchiveError
from kwsd.parallel.ray_cluster import on_ray, ray_session
from kwsd.tokenizer.same_model import model_of, same_model
from kwsd.tokenizer.tokenizer import Tokenizer


def building_on(address: str, location: str | Path, tokenizer: Tokenizer) -> BatchRunner:
    """An engine for `kwsd.archive.indexing.build`: workers of a cluster hear the batches and write their segments.

    Args:
        address: see `kwsd.parallel.ray_cluster.on_ray`.
        location: of the index, which every node must reach under this name.
        tokenizer: what this machine would hear with; a file of one's own must be at the same path on every node.

    Raises (when it runs):
        ArchiveError: what a node wrote is not here, so the index is on a disk of that node's own.
        ModelError: a node has another model.
    """

    def hear(batches: Sequence[Batch]) -> Iterator[BatchResult]:
        folder = folder_at(location)
        arguments = (_everywhere(location), Manifest.load(folder).settings, *model_of(tokenizer))
        for made in on_ray(address, _hearer, arguments, batches, ordered=False, describe=_describe):
            if made.entry:
                _check_here(folder, made.entry)
            yield made

    return hear


@dataclass(frozen=True)
class Answer:
    """What a cluster found.

    Attributes:
        hits: the best, best first.
        problems: a sentence for each segment that could not be read.
    """

    hits: tuple[Hit, ...]
    problems: tuple[str, ...]


def search_on(
    address: str, location: str | Path, query: Query, tokenizer: Tokenizer, *, method: str = "pairs", top: int = 20
) -> Answer:
    """The best hits for a query, from workers of a cluster that search a share of the segments each.

    Each share's candidates and the rarity of its terms are its own, so with `pairs` a few more places are looked at
    than one machine would look at, and at the end of the list other hits may stand.

    Args:
        address: see `kwsd.parallel.ray_cluster.on_ray`.
        location: of the index, which every node must reach under this name.
        query: heard with this tokenizer.
        tokenizer: the one that built the index.
        method, top: see `kwsd.archive.search.methods.search`.

    Raises:
        ArchiveError: there is no index, or the method needs what it lacks.
        ModelError: another model built it, made the query, or is on a node.
    """
    folder = folder_at(location)
    with ray_session(address) as cores:
        for _ in range(index_reader.TRIES):
            manifest = Manifest.load(folder)
            for model in (tokenizer.digest, query.model):
                manifest.check_model(model, f"the index {folder.name}")
            tasks = [_Task(share, query, method, top) for share in _shares(manifest.entries, cores)]
            found = list(on_ray(address, _searcher, (_everywhere(location), *model_of(tokenizer)), tasks))
            if not any(part.missing for part in found):  # else a writer replaced some meanwhile
                break
    hits = distinct(heapq.merge(*(part.hits for part in found), key=lambda hit: -hit.score), top)
    problems = (problem for part in found for problem in (*part.problems, *part.missing))
    return Answer(tuple(hits), tuple(problems))


@dataclass(frozen=True)
class _Task:
    share: tuple[Entry, ...]
    query: Query
    method: str
    top: int

    def __str__(self) -> str:
        return self.share[0].name


@dataclass(frozen=True)
class _Part:
    hits: list[Hit]
    problems: list[str]
    missing: list[str]


def _searcher(location: str, model: Path | None, digest: str) -> Callable[[_Task], _Part]:
    tokenizer, folder = same_model(model, digest), folder_at(location)

    def work(task: _Task) -> _Part:
        found = index_reader.open_segments(folder, task.share)
        hits = search(found.segments, task.query, tokenizer.codebook, tokenizer.hop, method=task.method, top=task.top)
        return _Part(hits, found.damaged, found.missing)

    return work


def _shares(entries: Sequence[Entry], count: int) -> list[tuple[Entry, ...]]:
    """The segments in at most so many runs with about as many codes each."""
    total = max(sum(entry.frames for entry in entries), 1)
    shares: dict[int, list[Entry]] = {}
    before = 0
    for entry in entries:
        shares.setdefault((2 * before + entry.frames) * count // (2 * total), []).append(entry)
        before += entry.frames
    return [tuple(share) for share in shares.values()]


def _hearer(location: str, settings: Settings, model: Path | None, digest: str) -> Callable[[Batch], BatchResult]:
    """A `Hearer` whose segments have names that no other worker uses, for one that was given up may still write."""
    same_model(model, digest)
    hearer, mark = SegmentBuilder(location, settings, model), secrets.token_hex(4)

    def hear(batch: Batch) -> BatchResult:
        stem = batch.name.removesuffix(segment.SUFFIX)
        return hearer(replace(batch, name=f"{stem}-{mark}{segment.SUFFIX}"))

    return hear


def _check_here(folder: Folder, entry: Entry) -> None:
    try:
        whole = len(folder.map(entry.name)) == entry.bytes
    except FileNotFoundError:
        whole = False
    if not whole:
        raise ArchiveError(
            f"a node of the cluster wrote {entry.name}, which is not in {folder.name} here: "
            "keep the index on a file system that all nodes share, or in an object store"
        )


def _everywhere(location: str | Path) -> str:
    return str(location) if "://" in str(location) else str(Path(location).absolute())


def _describe(batch: Batch) -> str:
    more = len(batch.paths) - 1
    return f"{batch.paths[0]}" + (f" or one of the {more} files after it" if more else "")
