"""What a cluster makes and finds is what one machine makes and finds; here the workers are in this process."""

from contextlib import contextmanager
from pathlib import Path

import pytest

from kwsd.archive import Archive, Query, Settings, search_all
from kwsd.archive.distributed import ray_batch_runner, search_on_ray
from kwsd.archive.indexing.index_writer import add, build
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.storage.locations import folder_at
from kwsd.parallel.ray_cluster import in_order


@pytest.fixture(autouse=True, params=["workers stay", "workers are lost"])
def cluster(request, monkeypatch):
    """A cluster of three cores of which the last items are ready first; its workers may be others in each round."""

    def on_ray(address, make, arguments, items, *, ordered=True, describe=str):
        work = make(*arguments)
        results = ((index, work(items[index])) for index in reversed(range(len(items))))
        return in_order(results) if ordered else (result for _, result in results)

    @contextmanager
    def ray_rounds(address, make, arguments):
        works = [make(*arguments)]

        def run(items):
            if request.param == "workers are lost":
                works.append(make(*arguments))
            return [works[-1](item) for item in items]

        yield run

    @contextmanager
    def ray_session(address):
        yield 3

    monkeypatch.setattr("kwsd.archive.distributed.on_ray", on_ray)
    monkeypatch.setattr("kwsd.archive.distributed.ray_rounds", ray_rounds)
    monkeypatch.setattr("kwsd.archive.distributed.ray_session", ray_session)
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


@pytest.mark.parametrize("method", ["pairs", "dtw", "exact", "inverted"])
def test_a_cluster_finds_what_one_machine_finds(several, tokenizer, enrolment, monkeypatch, method):
    monkeypatch.setattr("kwsd.archive.search.pair_voting.CANDIDATES", 12)  # else every window is a candidate
    archive, query = Archive.open(several, tokenizer), Query.of_keyword(enrolment.keyword)
    answer = search_on_ray("ray", [several], query, tokenizer, method=method, top=30)

    assert len(archive.segments) == 5
    assert answer.hits == tuple(archive.search(query, method=method, top=30))
    assert answer.problems == ()


def test_a_cluster_finds_what_one_machine_finds_in_several_indexes(several, talk, tokenizer, enrolment):
    build(talk / "smaller", [talk], tokenizer, settings=Settings(stages=3))
    places = [several, talk / "smaller"]
    here = search_all([Archive.open(place, tokenizer) for place in places], enrolment.keyword)
    answer = search_on_ray("ray", places, Query.of_keyword(enrolment.keyword), tokenizer)

    assert {hit.index for hit in answer.hits} == {str(place) for place in places}
    assert answer.hits == tuple(here)
