"""Hits: the audio around detections, and the bounds of the folder that keeps it."""

import os
import time

import numpy as np
import pytest

from kwsd.audio import Block
from kwsd.daemon import hits
from kwsd.daemon.hits import HitKeeper, RecordedSource
from kwsd.enrolment.hit import Hit
from kwsd.events.messages import DetectionEvent

RATE = 16_000


class Journal:
    def __init__(self):
        self.events, self.closed = [], False

    def publish(self, event):
        self.events.append(event)

    def close(self):
        self.closed = True


def detection(end, keyword="hey snips", heard=1e9):
    return DetectionEvent(
        sequence=1,
        instance="5eed1e55",
        stream="mic",
        wall=1e9,
        model="0123456789ab",
        keyword=keyword,
        distance=0.2,
        threshold=0.3,
        start=end - 0.5,
        end=end,
        heard=heard + end,
    )


def ramp(begin, seconds, lost=0.0):
    """Audio whose value is the second at which it was heard, divided by 100."""
    times = begin + np.arange(round(seconds * RATE)) / RATE
    return Block((times / 100).astype(np.float32), begin, 1e9 + begin, lost)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "hits"


@pytest.fixture
def keeper(folder):
    made = HitKeeper(folder, Journal())
    yield made
    made.close()


def kept(keeper, folder):
    """The hits, after the keeper has ended."""
    keeper.close()
    return [Hit.load(path) for path in sorted(folder.glob("*.flac"))]


def heard(keeper, seconds, begin=0.0):
    for i in range(round(seconds * 10)):
        keeper.hear(ramp(begin + i / 10, 0.1))


def test_a_hit_is_the_phrase_with_what_was_heard_before_and_after_it(keeper, folder):
    heard(keeper, 20)
    keeper.publish(detection(end=19.9))
    heard(keeper, 3, begin=20)
    (hit,) = kept(keeper, folder)

    assert 100 * hit.samples[[0, -1]] == pytest.approx([19.4 - 1.5, 19.9 + 1.0], abs=0.01)
    assert (hit.start, hit.end) == pytest.approx((1.5, 2.0))
    assert (hit.keyword, hit.distance, hit.threshold, hit.heard) == ("hey snips", 0.2, 0.3, 1e9 + 19.9)


def test_every_event_is_published_and_the_publisher_is_closed(folder):
    journal = Journal()
    keeper = HitKeeper(folder, journal)
    event = detection(end=1)
    keeper.publish(event)
    keeper.close()

    assert (journal.events, journal.closed) == ([event], True)


def test_a_hit_at_the_end_and_one_before_a_gap_have_what_was_heard(keeper, folder):
    heard(keeper, 3)
    keeper.publish(detection(end=2.8))
    keeper.hear(ramp(60.0, 2.0, lost=57.0))
    keeper.publish(detection(end=61.9))
    before, after = kept(keeper, folder)

    assert 100 * before.samples[-1] == pytest.approx(3.0, abs=0.01)
    assert 100 * after.samples[0] == pytest.approx(60.0, abs=0.01)
    assert after.start == pytest.approx(1.4)


def test_only_its_owner_can_read_a_hit(keeper, folder):
    before = os.umask(0)
    heard(keeper, 3)
    keeper.publish(detection(end=2.8))
    keeper.close()
    os.umask(before)

    (path,) = folder.iterdir()
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(("bound", "value"), [("MAX_HITS", 3), ("MAX_BYTES", 250_000)])
def test_the_oldest_hits_are_deleted_when_there_are_too_many(keeper, folder, monkeypatch, bound, value):
    monkeypatch.setattr(hits, bound, value)
    (folder / "music").mkdir(parents=True)
    (folder / "mine.flac").write_bytes(bytes(100_000))
    rng = np.random.default_rng(0)
    for i in range(6):
        noise = Block(rng.uniform(-0.1, 0.1, 3 * RATE).astype(np.float32), 3.0 * i, lost=1.0)
        keeper.hear(noise)
        keeper.publish(detection(end=3.0 * i + 2))
    keeper.close()
    names = sorted(path.name for path in folder.glob("hit-*"))

    assert names[-1].startswith("hit-20010909T014657")
    assert 1 <= len(names) <= 3
    assert (folder / "mine.flac").exists()


def test_old_hits_are_deleted(keeper, folder):
    folder.mkdir()
    old = folder / "hit-20010101T000000.000-hey.flac"
    old.touch()
    os.utime(old, (time.time(), time.time() - 31 * 86_400))
    heard(keeper, 3)
    keeper.publish(detection(end=2.8))

    assert len(kept(keeper, folder)) == 1
    assert not old.exists()


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path):
    (tmp_path / "file").touch()
    keeper, told = HitKeeper(tmp_path / "file" / "hits", Journal()), []
    keeper.notify = lambda message, is_warning: told.append((message, is_warning))
    heard(keeper, 3)
    keeper.publish(detection(end=1.0))
    keeper.publish(detection(end=2.8))
    keeper.close()

    assert len(told) == 1
    assert told[0][0].startswith("hits are not kept: ")
    assert told[0][1]


def test_the_memory_is_bounded(keeper):
    heard(keeper, 60)

    assert sum(block.seconds for block in keeper._audio) <= hits.MEMORY + 0.2


def test_a_recorded_source_is_heard_and_otherwise_the_same(keeper):
    class Inner:
        name, waiting, due = "mic", 0.5, 0.0
        closed = False

        def blocks(self):
            yield from (ramp(0, 1), ramp(1, 1))

        def close(self):
            self.closed = True

    inner = Inner()
    source = RecordedSource(inner, keeper)
    source.due = 0.3
    blocks = list(source.blocks())
    source.close()

    assert (source.name, source.waiting, source.due, inner.due, inner.closed) == ("mic", 0.5, 0.3, 0.3, True)
    assert list(keeper._audio) == blocks
