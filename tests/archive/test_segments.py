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
from kwsd.archive.segments.alternation import bytes_between, first_words, stages_of, sums, width_of
from kwsd.archive.segments.decoded import decoded, vectors_of
from kwsd.archive.segments.documents import Document, Documents
from kwsd.archive.segments.gains import GAINS, UNCLEAR, USUAL, gains_of
from kwsd.archive.segments.manifest import Manifest, Settings
from kwsd.archive.segments.posting_lists import GAP, WORDS
from kwsd.archive.segments.quantizer import EMPTY, LENGTHS, SCALE, Codes, Quantizer, packed, unpacked
from kwsd.archive.segments.regions import Regions
from kwsd.archive.storage.array_file import pack, unpack
from kwsd.archive.storage.local import LocalFolder
from kwsd.errors import ArchiveError
from kwsd.tokenizer.codebook import MERGED, Words, merged
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
    rows = random.integers(0, 4, (30, 3)).astype(np.uint8)
    coded = Codes(rows, np.full(60, 8, np.uint8), np.zeros((60, 0), np.int8))
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
    assert all(np.array_equal(getattr(found, name), getattr(whole, name)) for name in ("rows", "norms", "vectors"))


def test_codes_and_vectors_stand_for_what_was_heard(tokenizer, speech):
    means = merged(tokenizer.push(speech).vectors)

    coded = Quantizer(tokenizer.codebook, 6, vectors=True).code(means)

    sum_of_words = sums(coded.rows, tokenizer.codebook.stages, 0, len(means))
    read = sum_of_words / LENGTHS[coded.norms[: len(means)] - 1][:, None]
    cosines = np.sum(read * means, axis=1)
    assert np.linalg.norm(read, axis=1) == pytest.approx(np.ones(len(read)), abs=0.04)
    assert cosines[::2].mean() > 0.8
    assert cosines[1::2].mean() > 0.8
    assert np.abs(coded.vectors[: len(means)] / SCALE - means).max() < 0.004


@pytest.mark.parametrize("stages", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [1, 2, 7, 8])
def test_a_recording_ends_with_a_whole_code_and_an_empty_one(tokenizer, speech, stages, count):
    means = merged(tokenizer.push(speech).vectors)[:count]

    coded = Quantizer(tokenizer.codebook, stages, vectors=False).code(means)

    nearest = Words(tokenizer.codebook.stages[0]).nearest(means)
    assert coded.rows.shape == (count // 2 + 1, width_of(stages))
    assert np.flatnonzero(coded.norms == EMPTY).tolist() == list(range(count, 2 * len(coded.rows)))
    assert coded.filled == count
    assert first_words(coded.rows)[:count].tolist() == nearest.tolist()
    assert set(first_words(coded.rows)[count:].tolist()) == {nearest[-1]}


def test_nothing_has_no_codes(tokenizer):
    coder = Quantizer(tokenizer.codebook, 5, vectors=False)

    assert [len(coder.flush()), len(coder.push(Frames.none(tokenizer.dim))), len(coder.ending())] == [0, 0, 0]


def test_a_stream_can_end_for_one_recording_and_go_on_for_the_next(tokenizer, speech):
    frames = tokenizer.push(speech)
    coder, whole = (Quantizer(tokenizer.codebook, 5, vectors=False) for _ in range(2))

    begun = coder.push(frames.part(0, 41))
    ended, later = Codes.join([begun, coder.ending()]), coder.push(frames.part(41, len(frames)))

    assert np.array_equal(ended.rows, Quantizer(tokenizer.codebook, 5, False).code(merged(frames.vectors[:41])).rows)
    assert np.array_equal(Codes.join([begun, later]).rows, whole.push(frames).rows)


@pytest.mark.parametrize("vectors", [False, True])
def test_a_part_of_the_codes_is_decoded_as_it_is_within_the_whole(tokenizer, speech, vectors):
    frames = tokenizer.push(speech)
    coder = Quantizer(tokenizer.codebook, 5, vectors)
    coded = Codes.join([coder.push(frames), coder.flush()])

    whole = vectors_of(coded, tokenizer.codebook)

    assert len(whole) == coded.filled == len(merged(frames.vectors)) < len(coded)
    assert np.linalg.norm(whole, axis=1) == pytest.approx(np.ones(len(whole)), abs=1e-5)
    for first, last in ((0, 3), (5, 6), (6, 9), (7, len(coded)), (len(coded) - 1, len(coded) + 5), (9, 9), (999, 1005)):
        part = decoded(coded, 1.0, 0.04, tokenizer.codebook, first, last)
        assert np.array_equal(vectors_of(coded, tokenizer.codebook, first, last), whole[first:last])
        assert np.array_equal(part.vectors, np.repeat(whole[first:last], MERGED, axis=0))


def test_codes_of_one_kind_of_byte_only_are_decoded_too(tokenizer, speech):
    means = merged(tokenizer.push(speech).vectors)
    plain = Codes(tokenizer.codebook.encode(means), np.zeros(len(means), np.uint8), np.zeros((len(means), 0), np.int8))

    assert np.array_equal(vectors_of(plain, tokenizer.codebook, 3, 9), tokenizer.codebook.decode(plain.rows[3:9]))


def test_rows_tell_how_many_bytes_a_whole_code_has():
    assert [(width_of(s), bytes_between(s), stages_of(width_of(s))) for s in range(1, 7)] == [
        (2, 1, 1),
        (3, 1, 2),
        (4, 1, 3),
        (6, 2, 4),
        (8, 3, 5),
        (10, 4, 6),
    ]
    for width in (0, 1, 5, 7):
        with pytest.raises(ValueError, match="no row has"):
            stages_of(width)


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

    lists = three.pairs.lists(keys)

    found = set(zip(lists.places.tolist(), np.repeat(keys, lists.counts).tolist(), strict=True))
    words = three.words(np.arange(60))
    inside = [t for a, b in ((0, 20), (20, 30), (30, 60)) for t in range(a, b - GAP)]
    assert found == {(t, int(words[t]) * WORDS + int(words[t + GAP])) for t in inside}


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
    assert np.array_equal(joined.rows, np.concatenate([three.rows[:10], three.rows[15:]]))
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


def test_the_cosine_with_a_short_sum_is_raised_and_with_the_usual_one_kept():
    lengths = np.array([0.5, USUAL, 1.2])

    raised = gains_of(lengths) * lengths

    assert raised[0] > raised[1] > raised[2]
    assert raised == pytest.approx([1 + 0.426 * UNCLEAR, 1, 1 - 0.274 * UNCLEAR])


def test_to_an_empty_code_nothing_is_near():
    assert GAINS[EMPTY] == 0
    assert (GAINS[1:] > 0).all()
