"""A small index: without posting lists, with norms that are compressed, and with the same hits."""

from dataclasses import replace

import numpy as np
import pytest

from kwsd.archive import Archive, Settings, search_all
from kwsd.archive.indexing import index_writer
from kwsd.archive.indexing.token_log import TokenLog
from kwsd.archive.search.methods import METHODS
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.storage.array_file import pack, unpack
from kwsd.archive.storage.local import LocalFolder

SMALL = Settings(small=True)


@pytest.fixture
def large(tmp_path, tokenizer, recordings, long_recording):
    """An index as it is built by default."""
    return Archive.build(tmp_path / "large", [*recordings, long_recording], tokenizer)[0]


@pytest.fixture
def small(tmp_path, tokenizer, recordings, long_recording):
    """A small index of the same files."""
    return Archive.build(tmp_path / "small", [*recordings, long_recording], tokenizer, settings=SMALL)[0]


def found(archive, recordings, method):
    return [replace(hit, index="") for hit in archive.search(recordings[:1], method=method)]


@pytest.mark.parametrize("method", sorted({*METHODS} - {"hquest"}))
def test_a_small_index_gives_the_same_hits(large, small, recordings, method):
    expected = found(large, recordings, method)

    assert found(small, recordings, method) == expected
    assert expected


def test_a_small_index_and_a_large_one_are_searched_as_one(tmp_path, tokenizer, recordings):
    other = Archive.build(tmp_path / "other", recordings[:3], tokenizer, settings=SMALL)[0]
    rest = Archive.build(tmp_path / "rest", recordings[3:], tokenizer)[0]
    whole = Archive.build(tmp_path / "whole", recordings, tokenizer)[0]

    together = search_all([other, rest], recordings[:1], top=5)

    assert {hit.index for hit in together} == {other.folder.name, rest.folder.name}
    assert [(hit.path, hit.score) for hit in together] == [
        (hit.path, hit.score) for hit in whole.search(recordings[:1], top=5)
    ]


def test_a_small_index_takes_two_thirds_of_the_bytes(large, small):
    (one,), (other,) = large.manifest.entries, small.manifest.entries

    assert other.bytes < 0.7 * one.bytes
    assert other.frames == one.frames


def test_a_log_stays_small(tmp_path, tokenizer, speech):
    where = tmp_path / "heard"
    TokenLog(str(where), tokenizer, "kitchen").close()
    index_writer.compact(where, small=True)

    for _ in range(2):
        log = TokenLog(str(where), tokenizer, "kitchen")
        log.push(tokenizer.push(speech), 1_800_000_000.0)
        log.close()

    archive = Archive.open(where, tokenizer)
    assert archive.manifest.settings == SMALL
    assert [part.bytes["postings"] for part in archive.segments] == [0] * len(archive.segments)
    assert sum(len(part.documents) for part in archive.segments) == 2


def test_norms_that_do_not_fit_are_refused(small, tokenizer):
    folder = LocalFolder(small.folder.path)
    (entry,) = small.manifest.entries
    arrays = dict(unpack(folder.map(entry.name), entry.name))
    arrays["lengths"] = arrays["lengths"][:-1]
    written = folder.write(entry.name, pack(arrays, {"lengths"}))
    manifest = Manifest.load(folder)
    replace(manifest, entries=(replace(entry, bytes=written.bytes, sha256=written.sha256),)).save(folder)

    archive = Archive.open(small.folder.path, tokenizer)

    assert not archive.segments
    assert "its array norms is missing or wrong" in archive.problems[0]


def test_pairs_of_a_small_segment_are_those_of_posting_lists(large, small):
    (one,), (other,) = large.segments, small.segments
    every = np.arange(1 << 16)

    assert np.array_equal(one.pairs.lists(every).places, other.pairs.lists(every).places)
