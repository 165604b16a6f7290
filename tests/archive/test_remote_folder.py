"""An index at an address: files whole or not at all, segments fetched once, one writer where there are no locks."""

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

fsspec = pytest.importorskip("fsspec", reason="fsspec is in kwsd[cluster]")

from kwsd.archive import Archive  # noqa: E402
from kwsd.archive.indexing.index_writer import build, remove  # noqa: E402
from kwsd.archive.segments import segment  # noqa: E402
from kwsd.archive.storage import writer_lock  # noqa: E402
from kwsd.archive.storage.locations import folder_at  # noqa: E402
from kwsd.archive.storage.remote import RemoteFolder  # noqa: E402
from kwsd.errors import ArchiveError  # noqa: E402


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(writer_lock, "TAKEOVER_WAIT", 0.0)
    return tmp_path / "cache" / "kwsd" / "index"


@pytest.fixture(params=["memory", "file"])
def address(request, tmp_path):
    """Of an index that is not there yet."""
    yield f"{request.param}://{tmp_path}/there/index"
    fsspec.filesystem("memory").store.clear()


@pytest.fixture
def folder(address):
    return folder_at(address)


@pytest.fixture
def copies(tmp_path, recordings):
    """Three recordings that may be spoilt."""
    (tmp_path / "audio").mkdir()
    return [Path(shutil.copy(path, tmp_path / "audio")) for path in recordings[:3]]


def kept(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def holder(folder, **facts):
    """A lock that another process wrote."""
    whole = {"host": "elsewhere", "pid": 4711, "time": time.time(), "token": "theirs"} | facts
    folder.write("lock", [json.dumps(whole).encode()])


def test_an_address_is_a_remote_folder(folder):
    assert isinstance(folder, RemoteFolder)


def test_what_was_written_is_named_and_read(folder):
    written = folder.write("a.segment", [b"one ", b"two"])

    assert folder.names() == ["a.segment"]
    assert bytes(folder.map("a.segment")) == b"one two"
    assert written.bytes == 7


def test_a_folder_that_is_not_there_has_no_files(folder):
    assert folder.names() == []
    with pytest.raises(FileNotFoundError):
        folder.map("index.json")


def test_removing_what_is_not_there_is_no_error(folder):
    folder.write("a.segment", [b"one"])
    folder.remove("a.segment")
    folder.remove("a.segment")

    assert folder.names() == []


def test_a_segment_that_is_open_stays_readable_when_it_is_removed(folder):
    folder.write("a.segment", [b"one"])
    content = folder.map("a.segment")
    folder.remove("a.segment")

    assert bytes(content) == b"one"


def test_a_segment_is_fetched_once(folder, monkeypatch):
    folder.write("a.segment", [b"one"])
    folder.map("a.segment")
    monkeypatch.setattr(folder, "_fetch", None)

    assert bytes(folder.map("a.segment")) == b"one"


def test_a_segment_of_the_same_name_and_size_is_fetched_again_when_it_was_replaced(folder, address):
    folder.write("a.segment", [b"one"])
    folder.map("a.segment")
    time.sleep(0.02)
    folder_at(address).write("a.segment", [b"two"])

    assert bytes(folder.map("a.segment")) == b"two"


def test_copies_of_segments_that_are_gone_are_deleted(folder, address, cache):
    folder.write("a.segment", [b"one"])
    folder.map("a.segment")
    folder.remove("a.segment")
    folder.write("b.segment", [b"two"])
    folder_at(address).map("b.segment")

    (name,) = kept(cache)
    assert name.startswith("b.segment-3-")


def test_what_cannot_be_sent_leaves_the_old_file_and_nothing_else(folder, monkeypatch):
    folder.write("index.json", [b"old"])

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder._store, "put_file", full)

    with pytest.raises(ArchiveError, match=r"/there/index cannot be written: No space left on device$"):
        folder.write("index.json", [b"new"])
    assert bytes(folder.map("index.json")) == b"old"
    assert folder.names() == ["index.json"]


def test_a_file_is_sent_under_another_name_and_moved(tmp_path, monkeypatch):
    folder = RemoteFolder(f"file://{tmp_path}/there")
    folder.write("index.json", [b"old"])

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(folder._store, "mv", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.write("index.json", [b"new"])

    assert [path.name for path in (tmp_path / "there").iterdir()] == ["index.json"]
    assert bytes(folder.map("index.json")) == b"old"


def test_an_index_at_an_address_answers_as_one_on_disk(address, tokenizer, recordings, tmp_path):
    for location in (address, tmp_path / "local"):
        build(location, recordings[:4], tokenizer)
    here, there = (Archive.open(location, tokenizer) for location in (tmp_path / "local", address))

    found = [[replace(hit, index="") for hit in one.search(recordings[4:5])] for one in (there, here)]
    assert found[0] == found[1] != []
    for one, other in zip(here.segments, there.segments, strict=True):
        assert np.array_equal(one.rows, other.rows)


def test_an_index_at_an_address_is_brought_in_line(address, tokenizer, copies):
    build(address, copies, tokenizer)
    copies[0].unlink()
    report = build(address, [copies[0].parent], tokenizer)

    assert (report.added, report.unchanged, report.dropped) == (0, 2, 1)
    assert remove(address, copies[1:2]) == 1
    assert folder_at(address).names() == ["00000002.segment", "index.json"]  # written anew twice


def test_a_truncated_segment_is_left_out_and_named(address, tokenizer, recordings):
    build(address, recordings[:2], tokenizer)
    folder = folder_at(address)
    whole = bytes(folder.map("00000000.segment"))
    folder.write("00000000.segment", [whole[:-64]])

    (problem,) = Archive.open(address, tokenizer).problems
    assert "/there/index/00000000.segment is damaged" in problem


def test_where_there_is_no_index_the_verb_that_makes_one_is_named(address, tokenizer):
    with pytest.raises(ArchiveError, match=r"/there/index is not an index: make one with `kwsd index build`"):
        Archive.open(address, tokenizer)


@pytest.mark.parametrize("location", ["nosuch://a/b", "s3://bucket/index"])
def test_a_scheme_that_needs_a_package_names_it(location, monkeypatch):
    if location.startswith("s3:"):
        monkeypatch.setitem(__import__("sys").modules, "s3fs", None)

    with pytest.raises(ArchiveError, match=rf"the index {location} cannot be reached: .*(s3fs|nosuch)"):
        folder_at(location)


def test_the_error_for_a_missing_fsspec_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)

    with pytest.raises(ArchiveError, match=r"kwsd\[cluster\]"):
        folder_at("memory://index")


def test_a_second_writer_is_refused_and_told_who_writes(folder, address):
    with folder.writer_lock():
        refused = pytest.raises(ArchiveError, match=rf"written by process {os.getpid()} on .*: wait for it, or stop it")
        with refused, folder_at(address).writer_lock():
            pass
        assert folder.names() == ["lock"]

    with folder_at(address).writer_lock():
        assert folder.names() == ["lock"]
    assert folder.names() == []


def test_a_lock_that_is_not_refreshed_expires(folder):
    holder(folder, time=time.time() - writer_lock.STALE - 1)

    with folder.writer_lock():
        assert json.loads(bytes(folder.map("lock")))["pid"] == os.getpid()


def test_a_writer_refreshes_its_lock(folder, monkeypatch):
    monkeypatch.setattr(writer_lock, "REFRESH", 0.01)
    with folder.writer_lock():
        first = json.loads(bytes(folder.map("lock")))["time"]
        deadline = time.monotonic() + 10
        while json.loads(bytes(folder.map("lock")))["time"] == first and time.monotonic() < deadline:
            time.sleep(0.01)

        assert json.loads(bytes(folder.map("lock")))["time"] > first


def test_a_writer_whose_lock_was_taken_over_changes_nothing(folder):
    folder.write("index.json", [b"old"])
    with folder.writer_lock():
        holder(folder)
        with pytest.raises(ArchiveError, match="being written by process 4711 on elsewhere"):
            folder.write("index.json", [b"new"])

    assert bytes(folder.map("index.json")) == b"old"
    assert folder.names() == ["index.json", "lock"]


def test_of_two_that_take_over_an_expired_lock_the_last_to_write_it_holds_it(folder, monkeypatch):
    holder(folder, time=0)
    monkeypatch.setattr(writer_lock.time, "sleep", lambda seconds: holder(folder))

    with pytest.raises(ArchiveError, match="on elsewhere"), folder.writer_lock():
        pass


def test_a_damaged_lock_is_not_overwritten(folder):
    folder.write("lock", [b"{}"])

    with pytest.raises(ArchiveError, match=r"the lock of the index .* is damaged: delete it"), folder.writer_lock():
        pass


def test_an_interrupted_build_goes_on(address, tokenizer, recordings, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(segment, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(address, recordings[:2], tokenizer)

    assert build(address, recordings[:2], tokenizer).added == 2


def test_what_a_killed_writer_had_half_sent_is_deleted_by_the_next(folder, address):
    folder.write(".a.segment-0123.part", [b"half"])
    store, path = fsspec.url_to_fs(address)
    before = store.ls(path, detail=False)
    with folder.writer_lock():
        folder.write("a.segment", [b"whole"])

    assert [name.endswith(".part") for name in before] == [True]
    assert folder.names() == ["a.segment"]
    assert [name.endswith("/a.segment") for name in store.ls(path, detail=False)] == [True]


@pytest.mark.parametrize(
    "content", [b"", b"7", b"[" * 100_000, b'{"host": 1}', b'{"host": "h", "pid": 1, "time": 1e999, "token": "t"}']
)
def test_a_damaged_lock_is_named(folder, content):
    folder.write("lock", [content])

    with pytest.raises(ArchiveError, match=r"the lock of .* is damaged"), folder.writer_lock():
        pass


def test_a_lock_from_the_far_future_does_not_lock_for_ever(folder):
    holder(folder, time=time.time() + 1e6)

    with folder.writer_lock():
        folder.write("a.segment", [b"one"])
    assert folder.names() == ["a.segment"]
