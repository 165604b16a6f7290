"""What machines gain by sharing the building of an index: `python -m benchmarks.cluster`, see docs/scaling.md.

The machines are nodes of a Ray cluster with one core each, on this machine; in the last row one is killed half-way.
After each build the nodes, or this process, search the index for the phrase of `examples`.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks import corpora, options
from benchmarks.tables import header, row
from kwsd.archive import Archive, Query
from kwsd.archive.distributed import ray_batch_runner, search_on_ray
from kwsd.archive.indexing import update
from kwsd.archive.indexing.index_writer import build
from kwsd.tokenizer.tokenizer import Tokenizer

EXAMPLES = sorted((Path(__file__).parents[1] / "examples" / "hey-snips").glob("*.flac"))
BATCH = 16  # files; as many as an hour of audio would leave too few batches to share out


@dataclass(frozen=True)
class Case:
    """One row: nodes of the cluster, 0 for a build by this process alone, and whether one of them is killed."""

    nodes: int
    killed: bool = False

    def __str__(self) -> str:
        if not self.nodes:
            return "one process, no cluster"
        return f"{self.nodes} node{'s' * (self.nodes > 1)}" + (", one killed half-way" if self.killed else "")


@dataclass(frozen=True)
class Outcome:
    """What a build took, and what it made.

    Attributes:
        took, searched, heard: seconds of the build, of a search, and of audio.
        size: bytes of the index.
        codes: by file.
        hits: of the search, as paths and times.
    """

    took: float
    searched: float
    heard: float
    size: int
    codes: dict[str, bytes]
    hits: frozenset[tuple[str, float, float]]


@contextmanager
def cluster(nodes: int) -> Iterator[Any]:
    """A Ray cluster of so many nodes of one core, which "ray" means inside."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - an extra

    before = dict(os.environ)
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    made: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            made.add_node(num_cpus=1)
        os.environ["RAY_ADDRESS"] = made.address
        yield made
    finally:
        made.shutdown()
        os.environ.clear()
        os.environ.update(before)


def run(case: Case, paths: list[Path], tokenizer: Tokenizer, folder: Path) -> Outcome:
    """One build, the start of the cluster not counted and that of its workers counted."""
    index = str(folder / "index")
    if not case.nodes:
        return built(index, paths, tokenizer)
    with cluster(case.nodes) as nodes:
        return built(index, paths, tokenizer, nodes, case.killed)


def built(index: str, paths: list[Path], tokenizer: Tokenizer, nodes: Any = None, killed: bool = False) -> Outcome:
    """The outcome of a build by this process, or by the nodes."""

    def watch(share: float) -> None:
        if killed and share >= 0.5 and nodes.worker_nodes:
            nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)

    engine = ray_batch_runner("ray", index, tokenizer) if nodes else None
    began = time.perf_counter()
    report = build(index, paths, tokenizer, engine=engine, progress=watch)
    took = time.perf_counter() - began
    archive = Archive.open(index, tokenizer)
    query, began = Query.of_recordings(EXAMPLES, tokenizer), time.perf_counter()
    hits = list(search_on_ray("ray", [index], query, tokenizer).hits) if nodes else archive.search(query)
    searched, found = time.perf_counter() - began, frozenset((hit.path, hit.start, hit.end) for hit in hits)
    codes = {
        document.path: part.part(number).codes.tobytes()
        for part in archive.segments
        for number, document in enumerate(part.documents)
    }
    return Outcome(took, searched, report.seconds, sum(entry.bytes for entry in archive.manifest.entries), codes, found)


@click.command()
@options.shared
@click.option("--files", default=400, show_default=True, help="How many files of read prose are heard.")
def main(shared: Path, files: int) -> None:
    """Build an index by one process, by one node, by two, and by two of which one is killed."""
    update.BATCH_FILES = BATCH
    paths = [clip.path for clip in corpora.clips(shared, "librispeech")[:files]]
    tokenizer = Tokenizer()
    click.echo(
        header(
            ("built by", "s", "times real time", "files", "as one process builds it", "a search, s", "the same hits")
        )
    )
    first: Outcome | None = None
    for case in (Case(0), Case(1), Case(2), Case(2, killed=True)):
        with tempfile.TemporaryDirectory() as folder:
            outcome = run(case, paths, tokenizer, Path(folder))
        first = first or outcome
        same = "yes" if outcome.codes == first.codes else "no"
        alike = f"{len(outcome.hits & first.hits)} of {len(first.hits)}"
        speed = f"{outcome.heard / outcome.took:.0f}"
        click.echo(row((case, outcome.took, speed, len(outcome.codes), same, f"{outcome.searched:.1f}", alike)))
    assert first
    click.echo(f"{first.heard / 3600:.2f} h of audio, {first.size / first.heard * 3600 / 1e3:.0f} kB an hour")


if __name__ == "__main__":
    main()
