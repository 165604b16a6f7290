"""The log of a live stream: an index that grows."""

import os
import resource
import signal
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from kwsd.archive import Archive, Settings
from kwsd.archive.indexing import index_writer, token_log
from kwsd.archive.indexing.segment_set import DAY
from kwsd.archive.indexing.token_log import OVERLAP, TokenLog
from kwsd.archive.segments import integrity
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.storage.local import LocalFolder
from kwsd.audio import Block
from kwsd.errors import ArchiveError, ModelError
from kwsd.spotting.scan import AudioSpotter
from kwsd.tokenizer.codebook import unit
from kwsd.tokenizer.frames import Frames

RATE = 16_000
NOON = 1_800_000_000.0  # Unix time
HOP = 0.04


@pytest.fixture
def where(tmp_path):
    return str(tmp_path / "heard.index")


@pytest.fixture
def open_log(where, tokenizer):
    """Opens the log; it is closed when the test ends."""
    opened = []

    def make(**options):
        made = TokenLog(where, tokenizer, "kitchen", **options)
        made.told = []
        made.notify = lambda message, worry: made.told.append((message, worry))
        opened.append(made)
        return made

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def archive(where, tokenizer):
    """Opens the index."""
    return lambda: Archive.open(where, tokenizer)


@contextmanager
def full_disk():
    """Every write to a file fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def hear(one, seconds, begin=0.0, clock=NOON):
    """So many seconds of anything, in blocks of 1 s."""
    rng = np.random.default_rng(0)
    for second in range(seconds):
        time = begin + second + HOP * np.arange(1, 26)
        one.push(Frames(time, unit(rng.standard_normal((25, 96))).astype(np.float32), np.zeros(25, np.int32)), clock)


def listen(one, tokenizer, keyword, *blocks):
    spotter = AudioSpotter(tokenizer, [keyword], log=one)
    for block in blocks:
        spotter.push(block)
    spotter.flush()


def cut_up(samples, clock, seconds=0.08):
    """Live blocks."""
    size = round(seconds * RATE)
    for i in range(0, len(samples), size):
        yield Block(samples[i : i + size], i / RATE, None if clock is None else clock + i / RATE)


def documents(archive):
    return [one for part in archive.segments for one, alive in zip(part.documents, part.alive, strict=True) if alive]


def times(archive):
    return [(one.began, one.began + one.seconds) for one in documents(archive)]


def test_a_phrase_that_was_heard_is_found_later_with_its_time_of_day(open_log, archive, tokenizer, enrolment, speech):
    with closing(open_log()) as one:
        listen(one, tokenizer, enrolment.keyword, *cut_up(speech, NOON))
    hit, *_ = archive().search(enrolment.keyword)

    assert (hit.path, hit.start) == ("kitchen", pytest.approx(1.07, abs=0.3))
    assert hit.heard == pytest.approx(NOON + hit.start)


def test_the_codes_are_those_of_an_index_of_the_same_audio(open_log, archive, tokenizer, enrolment, speech, tmp_path):
    sf.write(tmp_path / "same.wav", speech, RATE, "FLOAT")
    built, _ = Archive.build(tmp_path / "built.index", [tmp_path / "same.wav"], tokenizer)
    with closing(open_log()) as one:
        listen(one, tokenizer, enrolment.keyword, *cut_up(speech, NOON))
    (logged,), (expected,) = documents(archive()), documents(built)

    assert logged.frames == expected.frames
    assert (logged.origin, logged.seconds) == pytest.approx((expected.origin, expected.seconds), abs=0.09)
    assert (archive().segments[0].rows == built.segments[0].rows).mean() > 0.999


def test_a_gap_makes_two_documents(open_log, archive, tokenizer, enrolment, speech):
    first = Block(speech[: 4 * RATE], 0.0, NOON)
    second = Block(speech[: 4 * RATE], 64.0, NOON + 64, lost=60.0)
    with closing(open_log()) as one:
        listen(one, tokenizer, enrolment.keyword, first, second)

    assert np.diff(times(archive())).ravel().tolist() == pytest.approx([4, 4], abs=0.1)
    assert [one.began - NOON for one in documents(archive())] == pytest.approx([0, 64], abs=0.05)
    assert sorted(hit.heard - NOON for hit in archive().search(enrolment.keyword, top=2)) == pytest.approx(
        [1.07, 65.07], abs=0.3
    )


def test_keywords_that_are_read_again_make_a_new_document_and_silence_none(
    open_log, archive, tokenizer, enrolment, speech
):
    with closing(open_log()) as one:
        listen(one, tokenizer, enrolment.keyword, Block(speech[: 2 * RATE], 0.0, NOON))
        listen(one, tokenizer, enrolment.keyword)
        listen(one, tokenizer, enrolment.keyword, Block(speech[: 2 * RATE], 2.0, NOON + 2))

    assert [one.began - NOON for one in documents(archive())] == pytest.approx([0, 2], abs=0.05)


def test_what_is_read_from_a_file_has_no_time_of_day_and_its_own_seconds(
    open_log, archive, tokenizer, enrolment, speech
):
    with closing(open_log(rotation=1, keep=1, now=lambda: NOON)) as one:
        listen(one, tokenizer, enrolment.keyword, *cut_up(speech, None))
    hit, *_ = archive().search(enrolment.keyword)

    assert len(documents(archive())) == 1
    assert (hit.start, hit.heard) == (pytest.approx(1.07, abs=0.3), None)


def test_a_segment_is_written_every_rotation(open_log, archive):
    one = open_log(rotation=10)
    seen = []
    for second in range(25):
        hear(one, 1, second)
        seen.append(archive().manifest.frames * 2 * HOP)

    assert seen[:9] == [0] * 9
    assert max(np.subtract(range(1, 26), seen)) <= 10.2
    assert seen[-1] == pytest.approx(20 + OVERLAP, abs=0.5)  # each of two documents has up to two codes at its end


def test_a_phrase_at_a_rotation_is_found_whole(open_log, archive, tokenizer, enrolment, long_recording):
    samples = sf.read(long_recording, dtype="float32", stop=16 * RATE)[0]
    with closing(open_log(rotation=10.4)) as one:
        listen(one, tokenizer, enrolment.keyword, *cut_up(samples, NOON))
    hit, *_ = archive().search(enrolment.keyword)

    assert len(documents(archive())) == 2
    assert hit.heard == pytest.approx(NOON + 10.07, abs=0.3)
    assert hit.end - hit.start > 0.4


def test_an_end_right_after_a_rotation_adds_nothing(open_log, archive):
    with closing(open_log(rotation=10)) as one:
        hear(one, 10)
    (began, ended), *more = times(archive())

    assert ended - began == pytest.approx(10, abs=0.3)
    assert not [end for _, end in more if end - ended > 0.1]


def test_small_segments_are_joined_within_a_day_and_not_beyond(open_log, archive):
    with closing(open_log(rotation=60)) as one:
        for day in range(3):
            for hour in range(8):
                hear(one, 5, clock=NOON + day * 2 * DAY + hour * 3600)
                one.end_document()
    spans = [
        [time for one in part.documents for time in (one.began, one.began + one.seconds)] for part in archive().segments
    ]

    assert len(spans) <= 12
    assert max(map(len, spans)) >= 8
    assert all(max(span) - min(span) <= DAY for span in spans)
    assert len(times(archive())) == 24


def test_what_is_older_than_it_is_kept_is_dropped_and_nothing_else(open_log, archive, where):
    with closing(open_log()) as one:
        for hours in (0, 1, 40):
            hear(one, 5, clock=NOON + hours * 3600)
            one.end_document()
    open_log(keep=1, now=lambda: NOON + DAY + 1800).close()
    assert [round(began - NOON) // 3600 for began, _ in times(archive())] == [1, 40]
    open_log(keep=1, now=lambda: NOON + 2 * DAY).close()

    assert [round(began - NOON) // 3600 for began, _ in times(archive())] == [40]
    assert archive().folder.names() == [archive().manifest.entries[0].name, "index.json", "lock"]


def test_files_that_were_added_to_a_log_are_kept(open_log, archive, where, tokenizer, recordings):
    with closing(open_log()) as one:
        hear(one, 5)
    index_writer.add(where, recordings[:1], tokenizer)
    open_log(keep=1, now=lambda: NOON + 2 * DAY).close()

    assert [one.path for one in documents(archive())] == [str(recordings[0])]


def test_a_log_whose_documents_were_all_removed_goes_on(open_log, archive):
    with closing(open_log(rotation=5)) as one:
        hear(one, 31)
    manifest, folder = archive().manifest, archive().folder
    entries = tuple(replace(entry, dropped=tuple(range(entry.documents))) for entry in manifest.entries)
    replace(manifest, entries=entries).save(folder)
    with closing(open_log()) as one:
        hear(one, 5, clock=NOON + 3600)

    assert len(entries) > 1
    assert [began - NOON for began, _ in times(archive())] == pytest.approx([3600], abs=0.3)


def test_a_log_without_end_keeps_everything(open_log, archive):
    with closing(open_log(now=lambda: NOON + 1000 * DAY)) as one:
        hear(one, 5)
    open_log().close()

    assert len(times(archive())) == 1


def test_a_full_disk_is_told_once_and_nothing_is_lost_when_there_is_room_again(open_log, archive):
    with closing(open_log(rotation=5)) as one:
        hear(one, 6)
        with full_disk():
            hear(one, 20, 6)
        hear(one, 5, 26)
    (problem, worry), (again, calm) = one.told
    spans = sorted(times(archive()))

    assert "listening goes on" in problem
    assert "nothing is lost" in again
    assert (worry, calm) == (True, False)
    assert spans[-1][1] - spans[0][0] == pytest.approx(31, abs=0.3)
    assert all(later[0] <= earlier[1] for earlier, later in pairwise(spans))


def test_a_disk_that_stays_full_costs_the_oldest_and_that_is_told(open_log, archive, monkeypatch):
    monkeypatch.setattr(token_log, "MAX_UNWRITTEN", 20.0)
    with closing(open_log(rotation=5)) as one:
        with full_disk():
            hear(one, 60)
        hear(one, 5, 60)
    spans = sorted(times(archive()))

    assert [worry for _, worry in one.told] == [True, True, False]
    assert "its oldest part is lost" in one.told[1][0]
    assert 15 <= spans[-1][1] - spans[0][0] <= 30


def test_what_cannot_be_written_at_the_end_is_told(open_log, archive):
    one = open_log()
    hear(one, 7)
    with full_disk():
        one.close()

    assert "7 s of the log" in one.told[-1][0]
    assert times(archive()) == []


def test_a_damaged_segment_does_not_keep_the_log_from_growing(open_log, archive, where):
    with closing(open_log()) as one:
        hear(one, 5)
    (archive().folder.path / archive().manifest.entries[0].name).write_bytes(b"nothing")
    with closing(open_log(keep=1, now=lambda: NOON + 10 * DAY)) as one:
        hear(one, 5, clock=NOON + 10 * DAY)

    assert len(times(archive())) == 1
    assert len(archive().problems) == 1
    assert one.told == []


def test_somebody_who_reads_while_it_is_written_sees_what_was_there(open_log, archive, enrolment, tokenizer, speech):
    one = open_log(rotation=5)
    listen(one, tokenizer, enrolment.keyword, *cut_up(speech, NOON))
    before = archive()
    found = before.search(enrolment.keyword)
    hear(one, 60, 100)  # rewrites the segments that are open

    assert before.search(enrolment.keyword) == found
    assert archive().seconds > before.seconds


def test_there_is_only_one_writer(open_log, where, tokenizer):
    with closing(open_log()), pytest.raises(ArchiveError, match="being written by another process"):
        TokenLog(where, tokenizer)


@pytest.mark.parametrize(
    ("manifest", "error", "words"),
    [
        (lambda model: Manifest("another", Settings()), ModelError, "another"),
        (lambda model: Manifest(model, Settings(graph=True)), ArchiveError, "vectors or graphs"),
        (lambda model: Manifest(model, Settings(vectors=True)), ArchiveError, "vectors or graphs"),
    ],
)
def test_an_index_that_is_not_a_logs_is_refused_and_stays(open_log, where, tokenizer, manifest, error, words):
    Path(where).mkdir()
    manifest(tokenizer.digest).save(LocalFolder(Path(where)))

    with pytest.raises(error, match=words):
        open_log()
    assert Manifest.load(LocalFolder(Path(where))) == manifest(tokenizer.digest)
    with LocalFolder(Path(where)).writer_lock():
        pass  # whoever is refused holds no lock


def test_a_folder_of_other_things_is_refused(open_log, where):
    Path(where).mkdir()
    (Path(where) / "letter.txt").write_text("dear")

    with pytest.raises(ArchiveError, match=r"letter\.txt"):
        open_log()
    assert not (Path(where) / "index.json").exists()


ENDLESS = """
import itertools, sys
sys.path.insert(0, sys.argv[2])
import test_token_log as this
from kwsd import Tokenizer
one = this.TokenLog(sys.argv[1], Tokenizer(), "kitchen", rotation=2)
for second in itertools.count():
    this.hear(one, 1, second)
    print(second, flush=True)
"""


@pytest.mark.parametrize("seconds", [9, 40])
def test_a_log_that_is_killed_opens_and_goes_on(open_log, archive, where, seconds):
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, where, str(Path(__file__).parent)], stdout=subprocess.PIPE
    ) as process:
        while int(process.stdout.readline()) < seconds:
            pass
        process.send_signal(signal.SIGKILL)
    left = archive()
    ended = max(end for _, end in times(left)) - NOON
    assert list(integrity.damaged_segments(left.folder, left.manifest)) == []
    assert ended >= seconds - 2
    with closing(open_log()) as one:
        hear(one, 5, clock=NOON + 3600)

    assert len(times(archive())) == len(times(left)) + 1
    names = {name for name in archive().folder.names() if name.endswith(".segment")}
    assert names == {entry.name for entry in archive().manifest.entries}


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="only a forked process inherits what is open")
def test_a_process_that_was_forked_by_a_writer_does_not_keep_its_lock(tmp_path):
    folder, (wait, go_on) = LocalFolder(tmp_path / "index"), os.pipe()
    with folder.writer_lock():
        child = os.fork()
        if not child:
            os.close(go_on)
            os.read(wait, 1)
            os._exit(0)
    try:
        with folder.writer_lock():
            pass
    finally:
        os.close(go_on)
        os.waitpid(child, 0)
