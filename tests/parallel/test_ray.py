"""Work on a Ray cluster of this machine, also when workers and nodes are lost."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ray = pytest.importorskip("ray", reason="Ray is in kwsd[cluster] and not in kwsd[dev], for its size: make cluster")

from click.testing import CliRunner  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402

import kwsd  # noqa: E402
from kwsd.archive import Archive, Query, search_all  # noqa: E402
from kwsd.archive.distributed import ray_batch_runner, search_on_ray  # noqa: E402
from kwsd.archive.indexing.index_writer import add, build  # noqa: E402
from kwsd.archive.indexing.segment_builder import Batch  # noqa: E402
from kwsd.cli import main  # noqa: E402
from kwsd.errors import ArchiveError, AudioError, ConfigError, KwsdError, ModelError  # noqa: E402
from kwsd.keywords.store import Store  # noqa: E402
from kwsd.parallel.ray_cluster import on_ray, ray_rounds, ray_session  # noqa: E402
from kwsd.settings.spotting import ScanConfig  # noqa: E402
from kwsd.spotting.batch import FileScanner, scan_on_cluster  # noqa: E402

# Ray leaves the sockets and processes of its nodes to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def nodes():
    """A cluster of two nodes with one core each, which "ray" means."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(Path(kwsd.__file__).parents[1]))  # of the nodes' workers
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        cluster.add_node(num_cpus=1)
        patch.setenv("RAY_ADDRESS", cluster.address)
        yield cluster
        cluster.shutdown()


@pytest.fixture
def second(nodes):
    """The second node, which may be killed, and then comes back for the next test."""
    (node,) = nodes.worker_nodes
    yield node
    if node not in nodes.worker_nodes:
        nodes.add_node(num_cpus=1)


@pytest.fixture(scope="module", autouse=True)
def driver(nodes):
    """This process belongs to the cluster all the time, for joining takes seconds."""
    with ray_session("ray") as cores:
        yield cores


@pytest.fixture
def one_file_a_batch(monkeypatch):
    monkeypatch.setattr("kwsd.archive.indexing.update.BATCH_FILES", 1)


def codes(location, tokenizer):
    """Of each document of an index."""
    archive = Archive.open(location, tokenizer)
    assert not archive.problems
    return {
        document.path: part.part(index).rows.tobytes()
        for part in archive.segments
        for index, document in enumerate(part.documents)
        if part.alive[index]
    }


def test_results_come_in_the_order_of_the_items():
    def make(start):
        return lambda item: time.sleep(item) or start + item

    assert list(on_ray("ray", make, (1,), [0.5, 0, 0.1, 0])) == [1.5, 1, 1.1, 1]


def test_results_come_as_they_are_ready_when_order_does_not_matter():
    def make():
        return lambda item: time.sleep(item) or item

    assert list(on_ray("ray", make, (), [2.0, 0, 0.1], ordered=False)) == [0, 0.1, 2.0]


def test_no_items_need_no_cluster():
    assert list(on_ray("ray://nowhere:1", print, (), [])) == []


def test_every_core_works_in_a_process_of_its_own(driver):
    def make():
        return lambda item: time.sleep(0.5) or os.getpid()

    assert driver == 2
    assert len(set(on_ray("ray", make, (), range(4))) - {os.getpid()}) == 2


def test_arrays_may_be_written_to_as_in_a_process():
    def make(array):
        def work(other):
            array[0], other[0] = 5, 6
            return array[0] + other[0]

        return work

    assert list(on_ray("ray", make, (np.zeros(100_000),), [np.zeros(100_000)])) == [11]


def test_an_error_of_the_work_is_raised_as_it_is():
    def make():
        def work(item):
            raise AudioError("there is no sound")

        return work

    with pytest.raises(AudioError, match=r"^there is no sound$"):
        list(on_ray("ray", make, (), [1]))


def test_the_item_of_a_killed_worker_is_done_again(tmp_path):
    def make(folder):
        def work(item):
            if item == 3 and not (folder / "killed").exists():
                (folder / "killed").touch()
                os._exit(1)
            return item

        return work

    assert list(on_ray("ray", make, (tmp_path,), range(6))) == [*range(6)]
    assert (tmp_path / "killed").exists()


def test_an_item_that_kills_three_workers_is_named():
    def make():
        return lambda item: os._exit(1) if item == "poison.wav" else item

    with pytest.raises(KwsdError, match=r"^3 workers died at poison\.wav, perhaps for want of memory: leave it out$"):
        list(on_ray("ray", make, (), ["poison.wav", "fine.wav"]))


def test_workers_that_die_before_they_begin_are_no_fault_of_an_item():
    with pytest.raises(KwsdError, match=r"^the cluster's workers die before they begin: check"):
        list(on_ray("ray", lambda: os._exit(1), (), ["fine.wav"]))


def test_a_worker_that_cannot_begin_says_why():
    def make():
        raise ImportError("no such library")

    with pytest.raises(KwsdError, match=r"cannot begin \(no such library\): check that every node has this kwsd$"):
        list(on_ray("ray", make, (), [1]))


def test_a_node_with_another_kwsd_is_refused(monkeypatch):
    monkeypatch.setattr("kwsd.parallel.ray_workers.__version__", "0.0.0")

    with pytest.raises(KwsdError, match=r"has kwsd .*, not 0\.0\.0: install the same everywhere$"):
        list(on_ray("ray", lambda: print, (), [1]))


def test_the_work_of_a_lost_machine_is_done_by_the_others(nodes, second):
    def make():
        return lambda item: time.sleep(0.5) or item

    results = on_ray("ray", make, (), range(10), ordered=False)
    found = [next(results)]
    nodes.remove_node(second, allow_graceful=False)

    assert sorted([*found, *results]) == [*range(10)]


def test_workers_keep_what_they_have_for_the_next_round(tmp_path):
    def make():
        seen = []

        def work(item):
            seen.append(item)
            (tmp_path / item).touch()
            last = time.monotonic() + 60
            while len(list(tmp_path.glob(f"?{item[1]}"))) < 2 and time.monotonic() < last:
                time.sleep(0.01)  # until the other worker has the other item
            return [*seen]

        return work

    with ray_rounds("ray", make, ()) as run:
        rounds = [run([f"{place}{number}" for place in "ab"]) for number in range(3)]

    assert rounds[-1] == [["a0", "a1", "a2"], ["b0", "b1", "b2"]]


def test_a_cluster_without_cores_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("kwsd.parallel.ray_workers.PATIENCE", 0.2)
    results = on_ray("ray", lambda: time.sleep, (), [0, 60])
    next(results)
    monkeypatch.setattr(ray, "cluster_resources", dict)

    with pytest.raises(KwsdError, match=r"^the cluster has lost every machine with cores: start one, and run the same"):
        next(results)


@pytest.mark.parametrize("address", ["", "dask", "rayon", "ray:", "ray://", "ray://host", "ray://host/x", "host:6379"])
def test_what_is_no_cluster_is_refused(address):
    with pytest.raises(ConfigError, match="is no cluster: give ray"):
        list(on_ray(address, print, (), [1]))


def test_sigterm_does_what_it_did_before():
    ray.shutdown()
    before = signal.getsignal(signal.SIGTERM)
    with ray_session("ray"):
        pass

    assert signal.getsignal(signal.SIGTERM) is before
    ray.init(log_to_driver=False)  # for the other tests


def test_an_index_that_a_cluster_built_is_the_one_that_this_machine_builds(talk, tokenizer, tmp_path, one_file_a_batch):
    report = build(tmp_path / "far", [talk], tokenizer, engine=ray_batch_runner("ray", tmp_path / "far", tokenizer))
    build(tmp_path / "near", [talk], tokenizer)

    assert (report.added, report.problems) == (16, [])
    assert codes(tmp_path / "far", tokenizer) == codes(tmp_path / "near", tokenizer)


def test_a_machine_lost_in_the_middle_of_a_build_loses_nothing(
    nodes, second, talk, tokenizer, tmp_path, one_file_a_batch
):
    lost = []

    def lose(share):
        if share > 0.3 and not lost:
            lost.append(share)
            nodes.remove_node(second, allow_graceful=False)

    engine = ray_batch_runner("ray", tmp_path / "far", tokenizer)
    report = build(tmp_path / "far", [talk], tokenizer, engine=engine, progress=lose)
    build(tmp_path / "near", [talk], tokenizer)

    assert lost
    assert (report.added, report.problems) == (16, [])
    assert codes(tmp_path / "far", tokenizer) == codes(tmp_path / "near", tokenizer)


def test_an_interrupted_build_on_a_cluster_goes_on(talk, tokenizer, tmp_path, one_file_a_batch):
    engine = ray_batch_runner("ray", tmp_path / "index", tokenizer)

    def interrupt(share):
        if share > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "index", [talk], tokenizer, engine=engine, progress=interrupt)
    report = build(tmp_path / "index", [talk], tokenizer, engine=engine)

    assert (report.added, report.unchanged) == (9, 7)


def test_an_index_at_an_address_is_built_by_a_cluster(talk, tokenizer, tmp_path, monkeypatch):
    pytest.importorskip("fsspec", reason="fsspec is in kwsd[cluster]")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    address = f"file://{tmp_path}/far"
    build(address, [talk / "00.wav"], tokenizer)
    add(address, [talk / "01.wav"], tokenizer, engine=ray_batch_runner("ray", address, tokenizer))
    build(tmp_path / "near", [talk / "00.wav", talk / "01.wav"], tokenizer)

    assert codes(address, tokenizer) == codes(tmp_path / "near", tokenizer)


def test_what_a_node_wrote_onto_a_disk_of_its_own_is_noticed(talk, tokenizer, tmp_path, monkeypatch):
    pytest.importorskip("fsspec", reason="fsspec is in kwsd[cluster]")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    address = "memory://index"  # of each process

    with pytest.raises(ArchiveError, match=r"wrote 00000000-.*\.segment, which is not in memory://index here: keep"):
        build(address, [talk / "00.wav"], tokenizer, engine=ray_batch_runner("ray", address, tokenizer))


def test_a_node_with_another_model_is_refused(talk, tokenizer, tmp_path):
    build(tmp_path / "index", [talk / "00.wav"], tokenizer)
    other = Path(tokenizer.path)

    class Other:
        path, digest = other, "another"

    with pytest.raises(ModelError, match=rf"has model {tokenizer.digest}, not another: install the same everywhere"):
        list(ray_batch_runner("ray", tmp_path / "index", Other())([Batch("00000009.segment", (talk / "00.wav",))]))


@pytest.mark.parametrize("method", ["pairs", "dtw"])
def test_a_cluster_finds_what_this_machine_finds(talk, tokenizer, tmp_path, one_file_a_batch, enrolment, method):
    for index in range(0, 16, 4):  # large enough beside what is there not to be joined with it
        add_or_build = build if not index else add
        add_or_build(tmp_path / "index", sorted(talk.iterdir())[index : index + 4], tokenizer)
    archive, query = Archive.open(tmp_path / "index", tokenizer), Query.of_keyword(enrolment.keyword)
    near = archive.search(query, method=method, top=5)
    far = search_on_ray("ray", [tmp_path / "index"], query, tokenizer, method=method, top=5)

    assert far.problems == ()
    assert list(far.hits) == near


@pytest.mark.parametrize("method", ["pairs", "dtw"])
def test_a_machine_lost_in_the_middle_of_a_search_changes_nothing(
    nodes, second, talk, tokenizer, tmp_path, enrolment, monkeypatch, method
):
    for name in ("00.wav", "08.wav"):
        build(tmp_path / name, [talk / name], tokenizer)
    lost, before = [], kwsd.archive.distributed.answer

    def lose(questions):
        if not lost:
            lost.append(nodes.remove_node(second, allow_graceful=False))
        return before(questions)

    monkeypatch.setattr("kwsd.archive.distributed.answer", lose)
    places, query = [tmp_path / "00.wav", tmp_path / "08.wav"], Query.of_keyword(enrolment.keyword)
    far = search_on_ray("ray", places, query, tokenizer, method=method)
    near = search_all([Archive.open(place, tokenizer) for place in places], query, method=method)

    assert lost
    assert far.problems == ()
    assert list(far.hits) == near


def test_a_cluster_says_which_segment_it_could_not_search(talk, tokenizer, tmp_path, enrolment):
    build(tmp_path / "index", [talk / "00.wav"], tokenizer)
    (tmp_path / "index" / "00000000.segment").unlink()
    answer = search_on_ray("ray", [tmp_path / "index"], Query.of_keyword(enrolment.keyword), tokenizer)

    assert answer.hits == ()
    assert "00000000.segment is missing" in answer.problems[0]


def test_a_cluster_scans_as_this_machine_does(talk, tokenizer, enrolment, tmp_path):
    paths = [*sorted(talk.iterdir())[:3], tmp_path / "missing.wav"]
    config, done = ScanConfig(store=tmp_path), []
    far = list(scan_on_cluster("ray", paths, config, [enrolment.keyword], done.append))
    near = list(FileScanner(tokenizer, [enrolment.keyword]).scan_files(paths, lambda share: None))

    assert far == near
    assert done == [1, 2, 3, 4]


def test_the_verbs_take_a_cluster(talk, enrolment, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))

    def kwsd(*arguments):
        return CliRunner().invoke(main, [str(one) for one in arguments])

    Store(tmp_path / "store").save(replace(enrolment.keyword))
    built = kwsd("index", "build", tmp_path / "index", talk / "01.wav", "--on", "ray")
    found = kwsd("search", "hey snips", "--index", tmp_path / "index", "--store", tmp_path / "store", "--on", "ray")
    scanned = kwsd("scan", talk / "01.wav", "--store", tmp_path / "store", "--on", "ray")

    assert (built.exit_code, found.exit_code, scanned.exit_code) == (0, 0, 0)
    assert "1 file added" in built.stdout
    assert str(talk / "01.wav") in found.stdout.splitlines()[0]
    assert "hey snips" in scanned.stdout
