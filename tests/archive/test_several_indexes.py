"""Several indexes that are searched as one."""

import shutil

import pytest
import soundfile as sf

from kwsd.archive import Archive, Feedback, Query, Settings, search_all
from kwsd.errors import ArchiveError


@pytest.fixture(scope="module")
def folder(tmp_path_factory, long_recording, shared_tokenizer):
    """Files of half a minute, an index of all, and an index of each half."""
    folder = tmp_path_factory.mktemp("indexes")
    samples, rate = sf.read(long_recording, dtype="float32")
    paths = [folder / f"{number}.wav" for number in range(8)]
    for number, path in enumerate(paths):
        sf.write(path, samples[30 * number * rate :][: 30 * rate], rate)
    for name, some in {"all": paths, "first": paths[:4], "second": paths[4:]}.items():
        Archive.build(folder / name, some, shared_tokenizer)
    Archive.build(folder / "smaller", paths[4:], shared_tokenizer, settings=Settings(stages=3))
    return folder


@pytest.fixture
def opened(folder, tokenizer):
    """Opens indexes by their names."""
    return lambda *names: [Archive.open(folder / name, tokenizer) for name in names]


def facts(hits):
    return [(hit.path, hit.start, hit.end, hit.score, hit.probability) for hit in hits]


@pytest.mark.parametrize("method", ["pairs", "dtw"])
def test_two_indexes_find_what_one_index_of_both_finds(opened, enrolment, method):
    (whole,) = opened("all")
    hits = search_all(opened("first", "second"), enrolment.keyword, method=method)

    assert facts(hits) == facts(whole.search(enrolment.keyword, method=method))


def test_each_hit_names_its_index(opened, folder, enrolment):
    hits = search_all(opened("first", "second"), enrolment.keyword)

    assert {hit.index for hit in hits} == {str(folder / "first"), str(folder / "second")}
    assert all((int(hit.path[-5]) < 4) == (hit.index == str(folder / "first")) for hit in hits)


def test_what_two_indexes_have_is_found_once(opened, folder, tokenizer, enrolment, tmp_path):
    shutil.copytree(folder / "first", tmp_path / "copy")
    twice = [*opened("first"), Archive.open(tmp_path / "copy", tokenizer)]

    assert search_all(twice, enrolment.keyword, top=10) == opened("first")[0].search(enrolment.keyword, top=10)


def test_a_search_learns_from_a_hit_of_any_index(opened, tokenizer, recordings):
    both, query = opened("first", "second"), Query.of_recordings(recordings[:1], tokenizer)
    hits = search_all(both, query)
    of_each = tuple(next(hit for hit in hits if hit.index == archive.folder.name) for archive in both)
    learned = search_all(both, query, feedback=Feedback(of_each))
    without = search_all(both, query, feedback=Feedback((), of_each))

    assert learned != hits
    assert not any(hit.overlaps(one) for hit in without for one in of_each)
    with pytest.raises(ArchiveError, match="the index does not have"):
        search_all(both[:1], query, feedback=Feedback(of_each))


def test_indexes_that_keep_different_things_are_searched_apart_and_merged(opened, enrolment):
    mixed = opened("first", "smaller")
    apart = [archive.search(enrolment.keyword, top=10) for archive in mixed]
    hits = search_all(mixed, enrolment.keyword, top=10)

    assert hits == sorted([hit for some in apart for hit in some], key=lambda hit: -hit.score)[:10]
    assert {hit.index for hit in hits} == {archive.folder.name for archive in mixed}


@pytest.mark.parametrize("method", ["pairs", "dtw"])
def test_an_index_in_which_nothing_is_yet_has_no_hits(tmp_path, tokenizer, enrolment, method):
    Archive.build(tmp_path / "empty", [], tokenizer)

    assert Archive.open(tmp_path / "empty", tokenizer).search(enrolment.keyword, method=method) == []
