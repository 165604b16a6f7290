"""What a cluster makes and finds is what one machine makes and finds; here the workers are in this process."""

from pathlib import Path

import pytest
import soundfile as sf

from kwsd.archive import Archive
from kwsd.archive.distributed import ray_batch_runner
from kwsd.archive.indexing.index_writer import add, build
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.storage.locations import folder_at
from kwsd.parallel.ray_cluster import in_order


@pytest.fixture
def talk(tmp_path, long_recording):
    """Sixteen files with ten seconds of talk each."""
    (tmp_path / "talk").mkdir()
    samples, rate = sf.read(long_recording, dtype="float32")
    for index in range(16):
        sf.write(tmp_path / "talk" / f"{index:02d}.wav", samples[index * 10 * rate :][: 10 * rate], rate)
    return tmp_path / "talk"


@pytest.fixture(autouse=True)
def cluster(monkeypatch):
    """A cluster of which the last items are ready first."""

    def on_ray(address, make, arguments, items, *, ordered=True, describe=str):
        work = make(*arguments)
        results = ((index, work(items[index])) for index in reversed(range(len(items))))
        return in_order(results) if ordered else (result for _, result in results)

    monkeypatch.setattr("kwsd.archive.distributed.on_ray", on_ray)
    monkeypatch.setattr("kwsd.archive.indexing.update.BATCH_FILES", 2)


def hashes(location: Path) -> list[str]:
    """Of the segments, in their order."""
    return [entry.sha256 for entry in Manifest.load(folder_at(location)).entries]


def test_a_cluster_builds_the_very_index_that_one_process_builds(talk, tokenizer, tmp_path):
    build(tmp_path / "far", [talk], tokenizer, engine=ray_batch_runner("ray", tmp_path / "far", tokenizer))
    build(tmp_path / "near", [talk], tokenizer)

    assert hashes(tmp_path / "far") == hashes(tmp_path / "near")


def test_an_index_that_a_cluster_has_only_begun_can_be_opened_and_goes_on(talk, tokenizer, tmp_path):
    def interrupt(share):
        if share > 0.4:
            raise KeyboardInterrupt

    engine = ray_batch_runner("ray", tmp_path / "index", tokenizer)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "index", [talk], tokenizer, engine=engine, progress=interrupt)
    begun = Archive.open(tmp_path / "index", tokenizer)
    report = build(tmp_path / "index", [talk], tokenizer, engine=engine)

    assert not begun.problems
    assert sum(len(part.documents) for part in begun.segments) == 8
    assert (report.added, report.unchanged) == (8, 8)


def test_an_index_of_one_batch_can_be_opened_and_added_to(talk, tokenizer, tmp_path):
    engine = ray_batch_runner("ray", tmp_path / "index", tokenizer)
    build(tmp_path / "index", [talk / "00.wav"], tokenizer, engine=engine)
    add(tmp_path / "index", [talk / "01.wav"], tokenizer, engine=engine)

    assert sum(len(part.documents) for part in Archive.open(tmp_path / "index", tokenizer).segments) == 2
