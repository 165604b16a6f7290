"""An index that an older kwsd wrote is searched as it was, and `kwsd index compact` writes it anew without a loss."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from kwsd.archive import Archive
from kwsd.archive.indexing import index_writer, segment_builder
from kwsd.archive.segments.beam import nearest_sums
from kwsd.archive.segments.manifest import FORMAT, PLAIN, Manifest
from kwsd.archive.segments.quantizer import PLAIN_LENGTHS, WIDTH, Codes, norms_of, unpacked
from kwsd.archive.statistics import info
from kwsd.archive.storage.array_file import pack, unpack
from kwsd.archive.storage.folder import MANIFEST
from kwsd.archive.storage.local import LocalFolder
from kwsd.tokenizer.codebook import Codebook, gathered, merged
from kwsd.tokenizer.frames import Frames


class OlderQuantizer:
    """What coded the frames before format 5: each code by itself."""

    def __init__(self, codebook, stages, vectors):
        assert not vectors
        self._all, self._book = codebook, Codebook(codebook.centroids, codebook.stages[:stages])
        self._frames = [Frames.none(codebook.stages.shape[2])]

    def push(self, frames):
        self._frames.append(frames)
        return self._coded(frames.vectors[:0])

    def flush(self):
        return self._coded(merged(Frames.join(self._frames).vectors))

    def _coded(self, means):
        rows = nearest_sums(*self._book.sum_tables(means), self._all.crosses, WIDTH)
        norms = norms_of(np.linalg.norm(gathered(self._book.stages, rows), axis=1), PLAIN_LENGTHS)
        return Codes(rows, norms, np.zeros((len(rows), 0), np.int8))


def norms_before(arrays):
    """The norms of an index, a byte each: lengths from 0.5 to 1.5."""
    lengths = PLAIN_LENGTHS[unpacked(arrays["lengths"], len(arrays["codes"]))]
    return np.rint((lengths - 0.5) * 255).astype(np.uint8)


def rewrite(index, number, change):
    """Write the segments of an index with changed arrays, none of them compressed, as a format before 4 did."""
    folder = LocalFolder(index)
    manifest = Manifest.load(folder)
    entries = []
    for entry in manifest.entries:
        written = folder.write(entry.name, pack(change(dict(unpack(folder.map(entry.name), entry.name)))))
        entries.append(replace(entry, bytes=written.bytes, sha256=written.sha256))
    replace(manifest, entries=tuple(entries)).save(folder)
    path = index / MANIFEST
    facts = json.loads(path.read_text()) | {"format": number}
    for entry in facts["entries"]:
        del entry["format"]
    path.write_text(json.dumps(facts))


def write_as_format_4(index):
    """Give the manifest of an index that number; its segments are as format 4 had them."""
    path = index / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 4}))


def write_as_format_3(index):
    """Give the segments of an index the arrays that format 3 had, and its manifest that number."""
    rewrite(index, 3, lambda arrays: arrays)


def write_as_format_2(index):
    """Give the segments of an index the norms that format 2 had, and its manifest that number."""

    def change(arrays):
        norms = norms_before(arrays)
        return {name: array for name, array in arrays.items() if name != "lengths"} | {"norms": norms}

    rewrite(index, 2, change)


def write_as_format_1(index):
    """Give the segments of an index the arrays that format 1 had, and its manifest that number."""

    def change(arrays):
        codes, frames = arrays["codes"].astype(np.int64), arrays["document_frames"]
        bounds = np.concatenate([[0], np.cumsum(frames)])
        places = np.concatenate([np.arange(a, max(a, b - 2)) for a, b in itertools.pairwise(bounds)])
        keys = codes[places, 0] * 256 + codes[places + 2, 0]
        order = np.argsort(keys, kind="stable")
        known, counts = np.unique(keys, return_counts=True)
        old = {name: array for name, array in arrays.items() if name != "lengths" and not name.startswith("pair_")}
        old["norms"] = norms_before(arrays)
        return old | {
            "pair_keys": known.astype(np.uint16),
            "pair_ends": np.cumsum(counts).astype(np.uint32),
            "pair_places": places[order].astype(np.int32),
        }

    rewrite(index, 1, change)


OLDER = [write_as_format_1, write_as_format_2, write_as_format_3, write_as_format_4]


@pytest.fixture(params=OLDER, ids=["format 1", "format 2", "format 3", "format 4"])
def older(request, tmp_path, tokenizer, recordings, long_recording, monkeypatch):
    """An index as an older format had it, and the hits that it gave when it was made."""
    with monkeypatch.context() as before:
        before.setattr(segment_builder, "Quantizer", OlderQuantizer)
        archive, _ = Archive.build(tmp_path / "index", [*recordings, long_recording], tokenizer)
    assert [entry.format for entry in archive.manifest.entries] == [PLAIN]
    hits = {method: archive.search(recordings[:1], method=method) for method in ("pairs", "dtw", "inverted")}
    request.param(tmp_path / "index")
    return tmp_path / "index", hits


def assert_alike(found, hits):
    """The same hits, whose scores may differ as norms of a byte and of half a byte do."""
    for method, expected in hits.items():
        assert [(hit.path, hit.start) for hit in found[method]][:8] == [(hit.path, hit.start) for hit in expected][:8]
        assert [hit.score for hit in found[method]] == pytest.approx([hit.score for hit in expected], abs=0.005)


def test_it_gives_the_same_hits(older, tokenizer, recordings):
    index, hits = older
    archive = Archive.open(index, tokenizer)

    assert not archive.problems
    assert info(str(index)).code_bytes == (5,)
    assert_alike({method: archive.search(recordings[:1], method=method) for method in hits}, hits)


def test_compact_writes_it_anew_and_loses_nothing(older, tokenizer, recordings):
    index, hits = older
    before = Archive.open(index, tokenizer)

    index_writer.compact(index)

    after = Archive.open(index, tokenizer)
    assert json.loads((index / MANIFEST).read_text())["format"] >= PLAIN  # that of format 4 has nothing to write
    assert [entry.format for entry in after.manifest.entries] == [PLAIN]
    assert after.manifest.entries[0].bytes <= before.manifest.entries[0].bytes
    assert [repr(list(part.documents)) for part in after.segments] == [
        repr(list(part.documents)) for part in before.segments
    ]
    assert all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for one, other in zip(after.segments, before.segments, strict=True)
        for name in ("rows", "vectors")
    )
    assert {method: after.search(recordings[:1], method=method) for method in hits} == hits


def test_it_becomes_small_and_loses_nothing(older, tokenizer, recordings):
    index, hits = older

    index_writer.compact(index, small=True)

    after = Archive.open(index, tokenizer)
    assert [entry.format for entry in after.manifest.entries] == [PLAIN]
    assert [part.bytes["postings"] for part in after.segments] == [0]
    assert {method: after.search(recordings[:1], method=method) for method in hits} == hits


def test_files_can_be_added_to_it(older, tokenizer, recordings, tmp_path):
    index, _ = older
    copy = tmp_path / "copy.flac"
    copy.write_bytes(recordings[0].read_bytes())

    index_writer.add(index, [copy], tokenizer)

    archive = Archive.open(index, tokenizer)
    assert not archive.problems
    assert {hit.path for hit in archive.search(recordings[:1], top=2)} == {str(recordings[0]), str(copy)}


def test_its_codes_are_not_joined_with_those_of_today(older, tokenizer, recordings, tmp_path):
    index, _ = older
    copy = tmp_path / "copy.flac"
    copy.write_bytes(recordings[0].read_bytes())
    index_writer.add(index, [copy], tokenizer)

    index_writer.compact(index)

    archive = Archive.open(index, tokenizer)
    assert [entry.format for entry in archive.manifest.entries] == [PLAIN, FORMAT]
    assert info(str(index)).code_bytes == (5, 3)
    assert {hit.path for hit in archive.search(recordings[:1], top=2)} == {str(recordings[0]), str(copy)}
