"""A pipe in front of a slow consumer: what may be dropped, and what may not."""

import threading
from queue import SimpleQueue
from types import SimpleNamespace

import numpy as np
import pytest

from kwsd.audio import Block, pipe
from kwsd.audio.files import FILE_BLOCK
from kwsd.audio.pipe import Pipe
from kwsd.daemon.source import open_source
from kwsd.settings.inputs import FileInput

STEP = 0.1  # s a block


class Writer:
    """A source of 100 blocks; `pace` is called before each with its time."""

    name = "writer"

    def __init__(self, pace):
        self._pace = pace
        self.done = threading.Event()
        self.closed = False

    def blocks(self):
        for i in range(100):
            if self.closed:
                return
            self._pace(i * STEP)
            yield Block(np.zeros(1600, np.float32), i * STEP)
        self.done.set()

    def close(self):
        self.closed = True


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    made = SimpleNamespace(now=0.0)
    monkeypatch.setattr(pipe, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def test_a_writer_that_keeps_pace_with_the_clock_is_never_held_up(clock):
    writer = Writer(lambda time: setattr(clock, "now", time))
    blocks = Pipe(writer, queue=1.0).blocks()
    first = next(blocks)
    assert writer.done.wait(30)  # although nobody takes the blocks
    rest = list(blocks)

    assert sum(block.seconds for block in rest) <= 1.0 + 1e-6
    assert sum(block.lost + block.seconds for block in (first, *rest)) == pytest.approx(10)


def test_a_writer_that_is_faster_than_time_waits_and_loses_nothing(clock):
    writer = Writer(lambda time: None)
    pipe = Pipe(writer, queue=1.0)
    blocks = list(pipe.blocks())

    assert [block.time for block in blocks] == pytest.approx(np.arange(100) * STEP)
    assert not any(block.lost for block in blocks)


def test_a_burst_after_a_pause_loses_nothing_either(clock):
    def pace(time):
        clock.now = 0.0 if time < 5 else 3600.0

    blocks = list(Pipe(Writer(pace), queue=1.0).blocks())

    assert len(blocks) == 100
    assert not any(block.lost for block in blocks)


def test_blocks_longer_than_the_queue_pass_too(clock):
    class Long(Writer):
        def blocks(self):
            for i in range(5):
                yield Block(np.zeros(32_000, np.float32), 2.0 * i)

    blocks = list(Pipe(Long(None), queue=0.5).blocks())

    assert [block.time for block in blocks] == [0, 2, 4, 6, 8]


def test_closing_lets_a_waiting_writer_go(clock):
    writer = Writer(lambda time: None)
    pipe = Pipe(writer, queue=1.0)
    blocks = pipe.blocks()
    next(blocks)
    pipe.close()

    assert list(blocks) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "kwsd-audio"]


def test_a_writer_that_pauses_is_reported_once_and_so_is_its_return(monkeypatch):
    monkeypatch.setattr(pipe, "PAUSE", 0.3)
    go_on, said = threading.Event(), SimpleQueue()
    writer = Writer(lambda time: time < 0.05 or go_on.wait(30))
    one = Pipe(writer, queue=20.0, on_status=lambda status, **facts: said.put(status))
    blocks = one.blocks()
    first = next(block for block in blocks if block.seconds)
    ticks = [next(blocks) for _ in range(5)]
    go_on.set()
    rest = [block for block in blocks if block.seconds]

    assert [first.time, *(tick.time for tick in ticks)] == [0.0, *[STEP] * 5]
    assert len(rest) == 99
    assert [said.get_nowait(), said.get_nowait()] == ["no-audio", "listening"]
    assert said.empty()


def test_a_file_is_read_in_the_stretches_that_the_tokenizer_likes(recordings):
    block = next(open_source(FileInput(recordings[0]), None, 1.0).blocks())

    assert block.seconds == FILE_BLOCK
