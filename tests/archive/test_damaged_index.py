"""A damaged index, and one of a stranger whose hashes are right: one sentence, no crash, no other file touched."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from usearch.index import Index

from kwsd.archive import Archive
from kwsd.archive.indexing import index_writer
from kwsd.archive.search import hnsw
from kwsd.archive.search.graph_file import check_graph
from kwsd.archive.segments.manifest import Manifest, Settings
from kwsd.archive.storage.array_file import pack, unpack
from kwsd.archive.storage.folder import MANIFEST
from kwsd.archive.storage.local import LocalFolder
from kwsd.errors import ArchiveError


@pytest.fixture(scope="module")
def whole(tmp_path_factory, recordings, shared_tokenizer):
    """An index of three recordings, with vectors and graphs."""
    index = tmp_path_factory.mktemp("whole") / "index"
    Archive.build(index, recordings[:3], shared_tokenizer, settings=Settings(vectors=True, graph=True))
    return index


@pytest.fixture
def index(whole, tmp_path):
    """A copy of the index that may be damaged."""
    return shutil.copytree(whole, tmp_path / "index")


@pytest.fixture
def folder(index):
    return LocalFolder(index)


def _change_manifest(folder, change):
    path = folder.path / MANIFEST
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))


def _change_arrays(folder, name, change):
    """Change the arrays of the segment or of the graph, and the manifest so that size and hash are right."""
    manifest = Manifest.load(folder)
    (entry,) = manifest.entries
    arrays = dict(unpack(folder.map(entry.graph if name == "graph" else entry.name), name))
    change(arrays)
    if name == "graph":
        written = folder.write(entry.graph, pack(arrays))
        fresh = replace(entry, graph_bytes=written.bytes, graph_sha256=written.sha256)
    else:
        written = folder.write(entry.name, pack(arrays))
        fresh = replace(entry, bytes=written.bytes, sha256=written.sha256)
    replace(manifest, entries=(fresh,)).save(folder)


def _set(key, value):
    return lambda facts: facts.__setitem__(key, value)


def _set_entry(key, value):
    return lambda facts: facts["entries"][0].__setitem__(key, value)


@pytest.mark.parametrize(
    "change",
    [
        _set("format", "1"),
        _set("format", 0.5),
        _set("model", 7),
        _set("model", "\x1b[2J"),
        _set("settings", None),
        _set("settings", {"stages": 7, "vectors": True, "graph": True}),
        _set("settings", {"stages": 6, "vectors": "yes", "graph": True}),
        _set("entries", {"0": 1}),
        _set("entries", [[]]),
        _set("made", -1),
        _set("made", 0),
        _set("made", 1e300),
        _set_entry("name", "../other/00000000.segment"),
        _set_entry("name", "/etc/00000000.segment"),
        _set_entry("name", "00000000.segment\n"),
        _set_entry("name", "index.json"),
        _set_entry("name", "lock"),
        _set_entry("name", None),
        _set_entry("bytes", -1),
        _set_entry("bytes", 10**30),
        _set_entry("bytes", None),
        _set_entry("sha256", "x"),
        _set_entry("documents", 1.5),
        _set_entry("frames", "1"),
        _set_entry("dropped", [3]),
        _set_entry("dropped", [-1]),
        _set_entry("dropped", [1, 0]),
        _set_entry("dropped", 7),
        _set_entry("graph_bytes", True),
        lambda facts: facts["entries"].append(facts["entries"][0]),
    ],
)
def test_a_manifest_with_a_wrong_value_is_refused(folder, change):
    _change_manifest(folder, change)

    with pytest.raises(ArchiveError, match=r"index\.json is damaged"):
        Manifest.load(folder)


@pytest.mark.parametrize("text", ["", "7", "[" * 100_000, '{"format":' * 100_000, '{"format": 1', "\ud800"])
def test_a_manifest_that_is_none_is_refused(folder, text):
    (folder.path / MANIFEST).write_bytes(text.encode("utf-8", "surrogatepass"))

    with pytest.raises(ArchiveError, match=r"index\.json is damaged"):
        Manifest.load(folder)


def test_compaction_never_deletes_a_file_of_another_index(folder, index):
    other = shutil.copytree(index, index.parent / "other")
    before = {path.name: path.read_bytes() for path in other.iterdir()}
    _change_manifest(folder, _set_entry("name", "../other/00000000.segment"))
    _change_manifest(folder, _set_entry("dropped", [0]))

    with pytest.raises(ArchiveError):
        index_writer.compact(index)
    assert {path.name: path.read_bytes() for path in other.iterdir()} == before


def _with(name, change):
    return pytest.param(lambda arrays: arrays.__setitem__(name, change(arrays[name])), id=name)


def _at(place, value):
    def change(array):
        changed = array.copy()
        changed[place] = value
        return changed

    return change


WRONG_ARRAYS = [
    _with("rows", lambda a: a[:-1]),
    _with("rows", lambda a: a[:, :0]),
    _with("rows", lambda a: a[:, 0]),
    _with("rows", lambda a: a.astype(np.int16)),
    _with("rows", lambda a: np.ascontiguousarray(a[:, :7])),
    _with("document_frames", lambda a: a + np.array([1, -1] + [0] * (len(a) - 2), a.dtype)),
    _with("lengths", lambda a: a[:0]),
    _with("lengths", lambda a: a.astype(np.float32)),
    _with("vectors", lambda a: a[:-1]),
    _with("document_frames", lambda a: a[:-1]),
    _with("document_frames", lambda a: a + 1),
    _with("document_frames", _at(0, -5)),
    _with("document_frames", lambda a: a.astype(np.int64)),
    _with("document_size", lambda a: a[:1]),
    _with("document_digest", lambda a: a[:, :3]),
    _with("document_seconds", _at(1, np.inf)),
    _with("document_origin", _at(1, np.nan)),
    _with("document_began", _at(1, 1e300)),
    _with("document_began", _at(1, -1e11)),
    _with("document_origin", _at(1, -1e10)),
    _with("document_path", _at(3, 0)),
    _with("document_path_end", _at(0, -1)),
    _with("document_path_end", _at(1, 2**40)),
    _with("document_path_end", _at(-1, 0)),
    _with("pair_known", lambda a: a[:-1]),
    _with("pair_known", lambda a: ~a),
    _with("pair_counts", lambda a: a[:-1]),
    _with("pair_counts", _at(0, 0)),
    _with("pair_counts", _at(slice(None), 255)),
    _with("pair_many", lambda a: np.append(a, np.uint32(2**31))),
    _with("pair_places", lambda a: a[:-1]),
    _with("pair_places", lambda a: a.astype(np.int64)),
]


@pytest.mark.parametrize("change", WRONG_ARRAYS)
def test_a_segment_with_a_wrong_array_is_left_out_and_named(folder, index, recordings, tokenizer, change):
    _change_arrays(folder, "segment", change)
    archive = Archive.open(index, tokenizer)
    (problem,) = archive.problems

    assert "00000000.segment is damaged, its array" in problem
    assert archive.search(recordings[:1]) == []


@pytest.mark.parametrize("value", [0, 0x55, 0xFF])
def test_posting_lists_that_name_no_places_of_the_segment_are_refused(folder, index, recordings, tokenizer, value):
    _change_arrays(
        folder, "segment", lambda a: a.__setitem__("pair_places", _at(slice(None, -8), value)(a["pair_places"]))
    )
    archive = Archive.open(index, tokenizer)

    for method in ("pairs", "inverted"):
        with pytest.raises(ArchiveError, match=r"00000000\.segment is damaged, its posting lists are wrong"):
            archive.search(recordings[:1], method=method)


@pytest.mark.parametrize(("name", "columns"), [("rows", 12), ("vectors", 5)])
def test_a_segment_that_does_not_fit_the_model_is_left_out_and_named(
    folder, index, recordings, tokenizer, name, columns
):
    _change_arrays(folder, "segment", lambda a: a.__setitem__(name, np.zeros((len(a[name]), columns), a[name].dtype)))
    archive = Archive.open(index, tokenizer)
    (problem,) = archive.problems

    assert "00000000.segment does not fit the model" in problem
    assert archive.search(recordings[:1]) == []


def _header(**facts):
    described = {"codes": {"dtype": "|u1", "shape": [64], "offset": 0} | facts}
    text = json.dumps(described).encode()
    return b"kwsdseg1" + len(text).to_bytes(8, "little") + text + bytes(64)


@pytest.mark.parametrize(
    "facts",
    [
        {"dtype": "O"},
        {"dtype": "<U8"},
        {"dtype": "<f3"},
        {"dtype": [["a", "<f8"]]},
        {"dtype": "<f8"},
        {"shape": [65]},
        {"shape": [-64]},
        {"shape": [2**63, 2**63]},
        {"shape": [64, 1, 1]},
        {"shape": 64},
        {"shape": []},
        {"shape": [1.5]},
        {"offset": 64},
        {"offset": 1},
        {"offset": -64},
        {"offset": 2**70},
        {"offset": None},
        {"compressed": 64},
        {"compressed": 65},
        {"compressed": -1},
        {"compressed": 64, "shape": [2**29]},
    ],
)
def test_a_container_whose_arrays_leave_it_is_refused(facts):
    assert unpack(memoryview(_header()), "it")["codes"].shape == (64,)
    with pytest.raises(ArchiveError, match="it is damaged"):
        unpack(memoryview(_header(**facts)), "it")


@pytest.mark.parametrize("length", [0, 1, 2**20 + 1, 2**62])
def test_a_container_whose_header_has_another_length_is_refused(length):
    content = _header()

    with pytest.raises(ArchiveError, match="it is damaged"):
        unpack(memoryview(content[:8] + length.to_bytes(8, "little") + content[16:]), "it")


@pytest.fixture
def graph():
    """The content of a graph of 300 windows, and where its numbers begin, after the vectors."""
    vectors = np.random.default_rng(3).standard_normal((300, 256)).astype(np.float32)
    index = hnsw.empty()
    index.add(np.arange(300), vectors, threads=1)
    return index.save(), 8 + vectors.size


def test_a_graph_is_one_of_exactly_its_windows(graph):
    content, empty = np.frombuffer(graph[0], np.uint8), hnsw.empty().save()

    check_graph(content, empty, 300)
    with pytest.raises(ValueError, match="not the graph of this segment"):
        check_graph(np.concatenate([np.full(8, 255, np.uint8), content[8:]]), empty, 300)
    for windows in (0, 299, 301):
        with pytest.raises(ValueError, match="not the graph of this segment"):
            check_graph(content, empty, windows)


def test_no_changed_number_of_a_graph_reaches_the_library_that_checks_nothing(graph):
    (whole, start), random, empty = graph, np.random.default_rng(5), hnsw.empty().save()
    query = random.standard_normal(256).astype(np.float32)
    refused = 0
    for place in range(start, len(whole)):
        content = bytearray(whole)
        content[place] ^= 1 << random.integers(8)
        changed = np.frombuffer(bytes(content), np.uint8)
        try:
            check_graph(changed, empty, 300)
            Index.restore(changed, view=True, enable_key_lookups=False).search(query, 20, threads=1)
        except (ValueError, RuntimeError):  # the latter for a version of the format that the library does not read
            refused += 1

    assert refused > (len(whole) - start) / 2


def test_a_graph_that_is_cut_short_is_refused(graph):
    whole, empty = graph[0], hnsw.empty().save()

    for length in range(0, len(whole), 97):
        with pytest.raises(ValueError, match=r"too short|not the graph"):
            check_graph(np.frombuffer(whole[:length], np.uint8), empty, 300)


def test_a_strange_graph_in_an_index_is_refused(folder, index, recordings, tokenizer):
    _change_arrays(folder, "graph", lambda arrays: arrays.__setitem__("graph", np.zeros(4096, np.uint8)))

    with pytest.raises(ArchiveError, match=r"00000000\.graph is damaged \(it is not the graph"):
        Archive.open(index, tokenizer).search(recordings[:1], method="hquest")
