"""What machines gain by sharing an archive: `python -m benchmarks.cluster`, see docs/scaling.md.

The machines are nodes of a Ray cluster with one core each, in network namespaces of this machine, see
`benchmarks.network`; in the last row one is killed half-way. They share this machine's cores and its disk: only what
Ray sends goes through the simulated network. Needs root, cgroups and `kwsd[cluster]`.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import click

from benchmarks import corpora, options
from benchmarks.network import Line, Network, address, inside, name, network, possible
from benchmarks.tables import header, row
from kwsd.archive import Archive, Hit, Query
from kwsd.archive.distributed import ray_batch_runner, search_on_ray
from kwsd.archive.indexing import compaction, update
from kwsd.archive.indexing.index_writer import build
from kwsd.parallel.ray_cluster import ray_session
from kwsd.parallel.ray_workers import import_ray
from kwsd.tokenizer.tokenizer import Tokenizer

EXAMPLES = sorted((Path(__file__).parents[1] / "examples" / "hey-snips").glob("*.flac"))
BATCH = 16  # files; as many as an hour of audio would leave too few batches to share out
CODES = 4000  # of a segment, at most, for the same reason
SEARCHES = 3  # of which the middle one counts
PORT = 6379
GROUPS = Path("/sys/fs/cgroup/unified")  # of version 2, where version 1 is in use too
GROUPS = GROUPS if GROUPS.exists() else GROUPS.parent
PAUSE = 10.0  # s after which the first node knows itself
PATIENCE = 300.0  # s in which the nodes must have started
MEMORY = 100_000_000  # bytes for Ray's objects
HEADER = (
    "by",
    "build, s",
    "times real time",
    "CPU s",
    "kB sent",
    "the same index",
    "a search, s",
    "CPU s",
    "kB sent",
    "the same hits",
)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Case:
    """One row: nodes of the cluster, 0 for this process alone, and whether one of them is killed."""

    nodes: int
    killed: bool = False

    def __str__(self) -> str:
        if not self.nodes:
            return "one process, no cluster"
        return f"{self.nodes} node{'s' * (self.nodes > 1)}" + (", one killed half-way" if self.killed else "")


@dataclass(frozen=True)
class Cost:
    """What some work took: seconds, seconds of CPU of all nodes and of this process, bytes that the nodes sent."""

    seconds: float
    cpu: float
    sent: int


@dataclass(frozen=True)
class Outcome:
    """A build and a search.

    Attributes:
        heard: seconds of audio.
        segments: hashes of the index's segments.
        hits: of the search.
    """

    build: Cost
    search: Cost
    heard: float
    size: int
    segments: Sequence[str]
    hits: Sequence[Hit]


class Node:
    """A node of the cluster, at a host of the network."""

    def __init__(self, host: int) -> None:
        self._group = GROUPS / name(host)
        self._group.mkdir()
        ray = [f"{Path(sys.executable).parent}/ray", "start", "--block", "--num-cpus=1", "--disable-usage-stats"]
        ray += [f"--node-ip-address={address(host)}", f"--object-store-memory={MEMORY}"]
        ray += [f"--address={address(0)}:{PORT}"] if host else ["--head", f"--port={PORT}", "--include-dashboard=false"]
        # Hosts have a folder of Ray of their own, as machines have: it names the node of a machine.
        folder = f"mkdir -p /tmp/kwsd-ray-{host} /tmp/ray; mount --bind /tmp/kwsd-ray-{host} /tmp/ray; " if host else ""
        script = f"{folder}exec {' '.join(ray)}"
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", name(host), "sh", "-c", script], stdout=quiet, stderr=quiet, start_new_session=True
        )
        (self._group / "cgroup.procs").write_text(str(self._process.pid))

    @property
    def cpu(self) -> float:
        """Seconds of CPU that its processes took so far, and those that ended."""
        facts = dict(line.split() for line in (self._group / "cpu.stat").read_text().splitlines())
        return int(facts["usage_usec"]) / 1e6

    def kill(self) -> None:
        """Kill all its processes at once."""
        (self._group / "cgroup.kill").write_text("1")

    def stop(self) -> None:
        """End all its processes."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self.kill()
        self._process.wait()
        while (self._group / "cgroup.procs").read_text():
            time.sleep(0.1)
        self._group.rmdir()


@contextmanager
def cluster(count: int, line: Line) -> Iterator[tuple[list[Node], Network]]:
    """A Ray cluster of so many nodes, the first of which is where this process is; "ray" means it."""
    before, nodes = dict(os.environ), list[Node]()
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ADDRESS": f"{address(0)}:{PORT}",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    with ExitStack() as stack:
        stack.callback(os.environ.update, before)
        made = stack.enter_context(network(count, line))
        stack.enter_context(inside(0))
        for host in range(count):
            nodes.append(Node(host))
            stack.callback(nodes[-1].stop)
            if not host:
                _await(lambda: socket.create_connection((address(0), PORT), 1).close())
        time.sleep(PAUSE)
        stack.enter_context(ray_session("ray"))
        _await(lambda: _check_cores(count))
        yield nodes, made


def _check_cores(count: int) -> None:
    if import_ray().cluster_resources().get("CPU", 0) < count:
        raise OSError("a node has not started yet")


def _await(check: Callable[[], None]) -> None:
    """Return when a check raises no OSError any more."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return check()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def run(case: Case, line: Line, paths: list[Path], tokenizer: Tokenizer, folder: Path) -> Outcome:
    """A build and a search, the start of the cluster not counted and that of its workers counted."""
    if not case.nodes:
        return measured(str(folder / "index"), paths, tokenizer, Meter())
    with cluster(case.nodes, line) as (nodes, made):
        return measured(str(folder / "index"), paths, tokenizer, Meter(nodes, made), case.killed)


@dataclass(frozen=True)
class Meter:
    """Tells what work costs this process and the nodes of a cluster, if there is one."""

    nodes: Sequence[Node] = ()
    network: Network | None = None

    def costs(self, work: Callable[[], Result]) -> tuple[Result, Cost]:
        """The result of some work, and what it took."""
        before = self._marks()
        result = work()
        seconds, cpu, sent = (now - then for now, then in zip(self._marks(), before, strict=True))
        return result, Cost(seconds, cpu, int(sent))

    def _marks(self) -> tuple[float, float, float]:
        own = resource.getrusage(resource.RUSAGE_SELF)
        cpu = own.ru_utime + own.ru_stime + sum(node.cpu for node in self.nodes)
        return time.perf_counter(), cpu, sum(self.network.sent) if self.network else 0


def measured(index: str, paths: list[Path], tokenizer: Tokenizer, meter: Meter, killed: bool = False) -> Outcome:
    """The outcome of this process, or of the nodes."""
    far = bool(meter.nodes)
    engine = ray_batch_runner("ray", index, tokenizer) if far else None

    def watch(share: float) -> None:
        if killed and share >= 0.5:
            meter.nodes[-1].kill()

    report, built = meter.costs(lambda: build(index, paths, tokenizer, engine=engine, progress=watch))
    archive, query = Archive.open(index, tokenizer), Query.of_recordings(EXAMPLES, tokenizer)

    def search() -> Sequence[Hit]:
        return search_on_ray("ray", [index], query, tokenizer).hits if far else archive.search(query)

    searches = sorted((meter.costs(search) for _ in range(SEARCHES)), key=lambda one: one[1].seconds)
    hits, searched = searches[SEARCHES // 2]
    entries = archive.manifest.entries
    size, hashes = sum(entry.bytes for entry in entries), [entry.sha256 for entry in entries]
    return Outcome(built, searched, report.seconds, size, hashes, [replace(hit, index="") for hit in hits])


@click.command()
@options.shared
@click.option("--files", default=400, show_default=True, help="How many files of read prose are heard.")
@click.option("--delay", default=0.2, show_default=True, help="Milliseconds that a packet takes.")
@click.option("--rate", default=1000.0, show_default=True, help="Megabits a second that a machine can send.")
@click.option("--nodes", default=(1, 2, 4), show_default=True, multiple=True, help="Nodes of a cluster.")
def main(shared: Path, files: int, delay: float, rate: float, nodes: tuple[int, ...]) -> None:
    """Build and search an index by one process, by clusters, and by one of two nodes of which one is killed."""
    if not (possible() and os.access(GROUPS / "cgroup.procs", os.W_OK)):
        click.echo("a simulated network needs root, /dev/net/tun and cgroups: nothing is measured")
        return
    update.BATCH_FILES, compaction.MAX_CODES = BATCH, CODES
    paths = [clip.path for clip in corpora.clips(shared, "librispeech")[:files]]
    tokenizer, line = Tokenizer(), Line(delay / 1e3, rate * 1e6 / 8)
    click.echo(header(HEADER))
    first: Outcome | None = None
    for case in (Case(0), *map(Case, nodes), Case(2, killed=True)):
        with tempfile.TemporaryDirectory() as folder:
            outcome = run(case, line, paths, tokenizer, Path(folder))
        first = first or outcome
        cells: list[object] = [case]
        for cost in (outcome.build, outcome.search):
            cells += [f"{cost.seconds:.2f}", f"{cost.cpu:.2f}", f"{cost.sent / 1e3:.0f}"]
        cells.insert(2, f"{outcome.heard / outcome.build.seconds:.0f}")
        cells.insert(5, "yes" if outcome.segments == first.segments else "no")
        click.echo(row((*cells, "yes" if outcome.hits == first.hits else "no")))
    assert first
    hours, audio = first.heard / 3600, sum(path.stat().st_size for path in paths)
    click.echo(
        f"{hours:.2f} h; an hour has {audio / hours / 1e3:.0f} kB of audio and {first.size / hours / 1e3:.0f} of index"
    )


if __name__ == "__main__":
    main()
