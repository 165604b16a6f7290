import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.archive import Archive, Hit
from kwsd.archive.indexing import compaction, update
from kwsd.archive.search.hit import Place, best, distinct
from kwsd.archive.segments import segment
from kwsd.archive.segments.documents import Document, Documents
from kwsd.archive.segments.manifest import Manifest, Settings
from kwsd.archive.segments.posting_lists import GAP, WORDS
from kwsd.archive.segments.quantizer import GAINS, SCALE, Codes, Quantizer, packed, unpacked
from kwsd.archive.segments.regions import Regions
from kwsd.archive.storage.array_file import pack, unpack
from kwsd.archive.storage.local import LocalFolder
from kwsd.errors import ArchiveError
from kwsd.tokenizer.codebook import gathered, merged
from kwsd.tokenizer.frames import Frames


def document(path, frames, began=float("nan")):
    return Document(path, 7, 1, "ab" * 16, frames * 0.08, 0.02, frames, began)


@pytest.fixture
def folder(tmp_path):
    return LocalFolder(tmp_path / "index")


@pytest.fixture
def three(folder):
    """A segment of three documents with random codes, the second of which was removed."""
    random = np.random.default_rng(7)
    codes = random.integers(0, 4, (60, 2)).astype(np.uint8)
    coded = Codes(codes, np.full(60, 128, np.uint8), np.zeros((60, 0), np.int8))
    entry = segment.write(
        folder, "00000000.segment", [document(f"/{i}.wav", n) for i, n in enumerate((20, 10, 30))], coded
    )
    return segment.read(folder, replace(entry, dropped=(1,)))


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=8))
def test_codes_do_not_depend_on_how_frames_come(shared_tokenizer, cuts):
    vectors = np.random.default_rng(1).standard_normal((401, shared_tokenizer.dim)).astype(np.float32)
    frames = Frames(np.arange(401.0), vectors, np.zeros(401, np.int32))
    bounds = [0, *sorted(cuts), 401]
    coder = Quantizer(shared_tokenizer.codebook, 6, vectors=True)

    parts = [coder.push(frames.part(a, b)) for a, b in itertools.pairwise(bounds)]
    found = Codes.join([*parts, coder.flush()])

    whole = Quantizer(shared_tokenizer.codebook, 6, vectors=True).code(merged(vectors))
    assert all(np.array_equal(getattr(found, name), getattr(whole, name)) for name in ("codes", "norms", "vectors"))


def test_codes_and_vectors_stand_for_what_was_heard(tokenizer, speech):
    means = merged(tokenizer.push(speech).vectors)

    coded = Quantizer(tokenizer.codebook, 6, vectors=True).code(means)

    read = gathered(tokenizer.codebook.stages, coded.codes) * GAINS[coded.norms][:, None]
    assert np.linalg.norm(read, axis=1) == pytest.approx(np.ones(len(read)), abs=0.04)
    assert np.mean(np.sum(read * means, axis=1)) > 0.8
    assert np.abs(coded.vectors / SCALE - means).max() < 0.004


@given(norms=st.lists(st.integers(0, 15), max_size=9), data=st.data())
def test_two_norms_fit_in_a_byte(norms, data):
    first = data.draw(st.integers(0, len(norms)))
    count = data.draw(st.integers(0, len(norms) - first))

    pairs = packed(np.array(norms, np.uint8))

    assert len(pairs) == (len(norms) + 1) // 2
    assert unpacked(pairs, count, first).tolist() == norms[first : first + count]


@settings(deadline=None)
@given(st.lists(st.text(max_size=9), max_size=5))
def test_documents_are_read_as_they_were_written(paths):
    rows = [document(path, index, began=1e9) for index, path in enumerate(paths)]

    assert list(Documents.of(rows)) == rows


def test_a_path_that_is_no_text_stays_itself():
    assert Documents.of([document("/\udcff.wav", 1)]).path(0) == "/\udcff.wav"


@pytest.mark.parametrize("spoil", [lambda b: b[:100], lambda b: b"x" + b[1:], lambda b: b[:12] + b"\xff\xff" + b[14:]])
def test_a_spoilt_container_is_refused(spoil):
    content = b"".join(pack({"codes": np.arange(500)}))

    assert np.array_equal(unpack(memoryview(content), "it")["codes"], np.arange(500))
    with pytest.raises(ArchiveError, match="it is damaged"):
        unpack(memoryview(spoil(content)), "it")


def test_posting_lists_name_every_pair_within_a_document(three):
    keys = np.arange(WORDS * WORDS)

    counts, places = three.pairs.counts(keys), three.pairs.places(keys)

    found = set(zip(places.tolist(), np.repeat(keys, counts).tolist(), strict=True))
    inside = [t for a, b in ((0, 20), (20, 30), (30, 60)) for t in range(a, b - GAP)]
    assert found == {(t, int(three.codes[t, 0]) * WORDS + int(three.codes[t + GAP, 0])) for t in inside}


def test_regions_are_cut_at_documents_and_leave_out_what_was_removed(three):
    regions = Regions.around(three, np.array([-5, 15, 22, 50]), np.array([5, 35, 28, 90]))

    assert list(zip(regions.begin.tolist(), regions.end.tolist(), strict=True)) == [
        (0, 5),
        (15, 20),
        (30, 35),
        (50, 60),
    ]


def test_joined_segments_hold_what_is_left_in_the_order_it_came(folder, three):
    manifest = Manifest("m", Settings(), (three.entry,), 1)

    (entry,) = compaction.compact(folder, manifest, thorough=True).entries

    joined = segment.read(folder, entry)
    assert [joined.documents.path(index) for index in range(2)] == ["/0.wav", "/2.wav"]
    assert np.array_equal(joined.codes, np.concatenate([three.codes[:20], three.codes[30:]]))
    assert "00000000.segment" not in folder.names()


def test_a_long_update_joins_its_segments_as_it_goes(tmp_path, tokenizer, recordings, monkeypatch):
    copies = [shutil.copy(recordings[0], tmp_path / f"{number}.flac") for number in range(9)]
    monkeypatch.setattr(update, "BATCH_FILES", 1)
    monkeypatch.setattr(update, "JOIN_AFTER", 3)
    index = tmp_path / "index"
    Archive.build(index, copies[:4], tokenizer)
    Path(copies[1]).write_bytes(recordings[1].read_bytes())

    archive, report = Archive.build(index, copies, tokenizer)

    alive = [part.documents.path(number) for part in archive.segments for number in np.flatnonzero(part.alive)]
    assert (report.added, report.unchanged) == (6, 3)
    assert sorted(alive) == sorted(map(str, copies))
    assert {path.name for path in index.glob("*.segment")} == {entry.name for entry in archive.manifest.entries}


def test_of_places_that_overlap_the_best_stays(three):
    places = [Place(0.5, three, 0, 10), Place(0.9, three, 8, 16), Place(0.4, three, 16, 20), Place(0.3, three, 10, 17)]

    assert [(one.begin, one.end) for one in best(places, 5)] == [(8, 16), (16, 20)]
    assert len(best(places, 1)) == 1


def test_a_moment_that_two_documents_of_a_log_hold_is_told_once():
    hits = [Hit("mic", 599.0, 600.0, 0.9, 1600.0), Hit("mic", 1.0, 2.0, 0.8, 1600.2), Hit("mic", 1.0, 2.0, 0.7)]

    assert distinct(hits, 5) == [hits[0], hits[2]]


def test_votes_lead_to_what_dtw_finds_in_all_there_is(tmp_path, tokenizer, long_recording, enrolment):
    progress = []
    archive, report = Archive.build(tmp_path / "index", [long_recording], tokenizer, progress=progress.append)

    fast, exact = (archive.search(enrolment.keyword, method=method, top=8) for method in ("pairs", "dtw"))

    assert report.added == 1
    assert archive.seconds == pytest.approx(report.seconds, abs=1)
    assert [(hit.start, hit.end) for hit in fast] == [(hit.start, hit.end) for hit in exact]
    assert progress == sorted(progress)
    assert len(progress) > 10
    assert progress[-1] == 1


def test_arrays_that_are_compressed_take_less_and_are_read_as_they_were():
    arrays = {"same": np.zeros((200, 3)), "none": np.zeros((0, 4), np.int32), "codes": np.arange(60, dtype=np.uint8)}
    content = b"".join(pack(arrays, {"same", "none"}))
    read = unpack(memoryview(content), "it")

    assert len(content) < 1000 < arrays["same"].nbytes
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        assert np.array_equal(read[name], array)
