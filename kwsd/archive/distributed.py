"""Build and search an index on a Ray cluster, all nodes of which can access the audio and the index."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kwsd.archive.indexing.segment_builder import Batch, BatchResult, BatchRunner, SegmentBuilder
from kwsd.archive.search.hit import Hit
from kwsd.archive.search.methods import Found, find_in_part
from kwsd.archive.search.probability import weights_for
from kwsd.archive.search.query import Query
from kwsd.archive.search.rounds import Question, Rounds, answer
from kwsd.archive.segments import index_reader, segment
from kwsd.archive.segments.manifest import Entry, Manifest, Settings
from kwsd.archive.several import alike, best_of
from kwsd.archive.storage.folder import Folder
from kwsd.archive.storage.locations import folder_at
from kwsd.errors import ArchiveError
from kwsd.parallel.ray_cluster import on_ray, ray_rounds, ray_session
from kwsd.tokenizer.same_model import model_of, same_model
from kwsd.tokenizer.tokenizer import Tokenizer


def ray_batch_runner(address: str, location: str | Path, tokenizer: Tokenizer) -> BatchRunner:
    """An `engine` for `index_writer.build`: the workers of a cluster process batches and write their segments.

    Results come in the order of the batches, so that the index becomes the one that one process would build.

    Args:
        address: see `kwsd.parallel.ray_cluster.on_ray`.
        location: of the index, the same on every node.
        tokenizer: of this machine; a model that is not the shipped one must be at the same path on every node.

    Raises (when it runs):
        ArchiveError: a segment that a node wrote is not visible here, so `location` is not shared.
        ModelError: a node has another model.
    """

    def run_batches(batches: Sequence[Batch]) -> Iterator[BatchResult]:
        folder = folder_at(location)
        arguments = (_for_all_nodes(location), Manifest.load(folder).settings, *model_of(tokenizer))
        for result in on_ray(address, _batch_worker, arguments, batches, describe=_describe):
            if result.entry:
                _check_visible(folder, result.entry)
            yield result

    return run_batches


@dataclass(frozen=True)
class SearchResult:
    """The result of a search on a cluster.

    Attributes:
        hits: the best hits, best first.
        problems: a sentence for each unreadable segment.
    """

    hits: tuple[Hit, ...]
    problems: tuple[str, ...]


def search_on_ray(
    address: str,
    locations: Sequence[str | Path],
    query: Query,
    tokenizer: Tokenizer,
    *,
    method: str = "pairs",
    top: int = 20,
    at_least: float = 0.0,
) -> SearchResult:
    """Search on a cluster, each worker in a share of the segments; returns the hits that `search_all` finds.

    What a method must know of all segments is asked of all workers, see `kwsd.archive.search.rounds`.

    Args:
        address: see `kwsd.parallel.ray_cluster.on_ray`.
        locations: of the indexes, at least one, the same on every node.
        query: made with this tokenizer.
        tokenizer: of the model that built the indexes.
        method, top: see `kwsd.archive.search.methods.find`.
        at_least: only hits that are the phrase with this probability or a higher one.

    Raises:
        ArchiveError: there is no index, the method needs what one lacks, or probabilities are asked for and cannot be
            told.
        ModelError: an index, the query or a node has another model.
    """
    places = [_for_all_nodes(location) for location in locations]
    names = {folder_at(place).name: str(location) for place, location in zip(places, locations, strict=True)}
    with ray_session(address) as cores, ray_rounds(address, _search_worker, model_of(tokenizer)) as run:
        for _ in range(index_reader.TRIES):
            manifests = [_manifest(location, query, tokenizer) for location in locations]
            groups = alike(manifests)
            shares = [_shares([(places[one], manifests[one].entries) for one in group], cores) for group in groups]
            parts = [_search(run, [_Task(share, query, method, top) for share in some]) for some in shares]
            every = [part for some in parts for part in some]
            if not any(part.missing for part in every):  # else a writer replaced segments: search again
                break
    found = [Found.merge([part.found for part in some], query, top) for some in parts]
    weights = [weights_for(manifests[group[0]]) for group in groups]
    hits = [one.probable(by, len(query.templates), at_least) for one, by in zip(found, weights, strict=True)]
    problems = tuple(problem for part in every for problem in (*part.damaged, *part.missing))
    return SearchResult(tuple(replace(hit, index=names[hit.index]) for hit in best_of(hits, top)), problems)


def _manifest(location: str | Path, query: Query, tokenizer: Tokenizer) -> Manifest:
    folder = folder_at(location)
    manifest = Manifest.load(folder)
    for model in (tokenizer.digest, query.model):
        manifest.check_model(model, f"the index {folder.name}")
    return manifest


@dataclass(frozen=True)
class _Share:
    """Some segments of the index at a place."""

    place: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class _Task:
    """The search of a share, as far as the answers lead that are known by now."""

    share: _Share
    query: Query
    method: str
    top: int
    answers: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return self.share.entries[0].name


@dataclass(frozen=True)
class _PartialResult:
    found: Found
    damaged: list[str]
    missing: list[str]


_Reply = Question | _PartialResult


def _search(run: Callable[[Sequence[_Task]], list[_Reply]], tasks: Sequence[_Task]) -> list[_PartialResult]:
    """The results of all shares, whose questions are answered round by round."""
    while tasks:
        replies = run(tasks)
        results = [reply for reply in replies if isinstance(reply, _PartialResult)]
        if results:
            return results
        known = answer(replies)
        tasks = [replace(task, answers=(*task.answers, known)) for task in tasks]
    return []


def _search_worker(model: Path | None, digest: str) -> Callable[[_Task], _Reply]:
    tokenizer = same_model(model, digest)
    begun: dict[tuple[_Share, int], Rounds[_PartialResult]] = {}  # by share and number of answers

    def searching(task: _Task) -> Rounds[_PartialResult]:
        opened = index_reader.open_segments(folder_at(task.share.place), task.share.entries, tokenizer.codebook)
        found = yield from find_in_part(
            opened.segments, task.query, tokenizer.codebook, tokenizer.hop, method=task.method, top=task.top
        )
        return _PartialResult(found, opened.damaged, opened.missing)

    def work(task: _Task) -> _Reply:
        rounds, fresh = begun.pop((task.share, len(task.answers) - 1), None), task.answers[-1:]
        if rounds is None:  # the first round, or another worker, which was lost, had begun with this share
            rounds, fresh = searching(task), (None, *task.answers)
        try:
            for known in fresh:
                question = rounds.send(known)
        except StopIteration as end:
            result: _PartialResult = end.value
            return result
        begun[task.share, len(task.answers)] = rounds
        return question

    return work


def _shares(indexes: Sequence[tuple[str, Sequence[Entry]]], cores: int) -> list[_Share]:
    """The segments of indexes at these places in about as many shares as cores, of about equal numbers of codes."""
    frames = [sum(entry.frames for entry in entries) for _, entries in indexes]
    counts = [max(1, round(cores * some / max(sum(frames), 1))) for some in frames]
    return [
        _Share(place, run)
        for (place, entries), count in zip(indexes, counts, strict=True)
        for run in _runs(entries, count)
    ]


def _runs(entries: Sequence[Entry], count: int) -> list[tuple[Entry, ...]]:
    """The segments in at most `count` runs of about equal numbers of codes."""
    total = max(sum(entry.frames for entry in entries), 1)
    runs: dict[int, list[Entry]] = {}
    before = 0
    for entry in entries:
        runs.setdefault((2 * before + entry.frames) * count // (2 * total), []).append(entry)
        before += entry.frames
    return [tuple(run) for run in runs.values()]


def _batch_worker(location: str, settings: Settings, model: Path | None, digest: str) -> Callable[[Batch], BatchResult]:
    """A segment builder with a suffix of its own in file names: a worker that was given up may still write."""
    same_model(model, digest)
    builder, suffix = SegmentBuilder(location, settings, model), secrets.token_hex(4)

    def run_batches(batch: Batch) -> BatchResult:
        stem = batch.name.removesuffix(segment.SUFFIX)
        return builder(replace(batch, name=f"{stem}-{suffix}{segment.SUFFIX}"))

    return run_batches


def _check_visible(folder: Folder, entry: Entry) -> None:
    try:
        is_visible = len(folder.map(entry.name)) == entry.bytes
    except FileNotFoundError:
        is_visible = False
    if not is_visible:
        raise ArchiveError(
            f"a node of the cluster wrote {entry.name}, which is not in {folder.name} here: "
            "keep the index on a file system that all nodes share, or in an object store"
        )


def _for_all_nodes(location: str | Path) -> str:
    return str(location) if "://" in str(location) else str(Path(location).absolute())


def _describe(batch: Batch) -> str:
    more = len(batch.paths) - 1
    return f"{batch.paths[0]}" + (f" or one of the {more} files after it" if more else "")
