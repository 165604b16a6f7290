import signal
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from kwsd.audio import Block, BufferedSource
from kwsd.audio.input_queue import InputQueue
from kwsd.errors import AudioError

TENTH = 1600  # samples


def block(number, lost=0.0, samples=TENTH):
    return Block(np.full(samples, number, np.float32), number / 10, lost=lost)


class Scripted:
    """A source that gives its blocks at once and then ends, fails, or waits until it is closed."""

    name = "scripted"

    def __init__(self, blocks, error=None, wait=False):
        self._blocks, self._error, self._wait = blocks, error, wait
        self._closed = threading.Event()
        self.given = threading.Event()

    def blocks(self):
        yield from self._blocks
        self.given.set()
        if self._error:
            raise self._error
        if self._wait:
            self._closed.wait()

    def close(self):
        self._closed.set()


def test_blocks_come_in_order_and_unchanged():
    script = [block(n) for n in range(20)]

    assert list(BufferedSource(Scripted(script)).blocks()) == script


def test_a_full_queue_drops_its_older_half_at_once_and_reports_it_with_the_next_block():
    waiting = InputQueue(1.0)
    for number in range(11):
        waiting.put(block(number))

    first = waiting.get()
    assert (first.time, first.lost) == (0.6, pytest.approx(0.6))
    assert [waiting.get().lost for _ in range(4)] == [0, 0, 0, 0]
    assert waiting.dropped == pytest.approx(0.6)


def test_a_consumer_that_is_a_little_too_slow_hears_long_stretches_without_a_gap():
    waiting, taken = InputQueue(10.0), []
    for number in range(1300):
        waiting.put(block(number))
        if number % 13 < 10:
            taken.append(waiting.get(timeout=0))

    gaps = [item.time for item in taken if item.lost]
    assert np.diff(gaps).min() > 15
    assert sum(item.lost for item in taken) == pytest.approx(waiting.dropped)


def test_what_was_already_lost_is_not_forgotten_when_its_block_is_dropped():
    waiting = InputQueue(0.15)
    for item in (block(0, lost=5.0), block(1), block(2)):
        waiting.put(item)

    assert waiting.get().lost == pytest.approx(5.2)
    assert waiting.dropped == pytest.approx(0.2)


def test_a_block_longer_than_the_limit_is_still_delivered():
    waiting = InputQueue(0.05)
    waiting.put(block(0))

    assert waiting.get().time == 0


def test_a_slow_consumer_is_told_what_it_missed():
    inner = Scripted([block(n) for n in range(100)], wait=True)
    source = BufferedSource(inner, seconds=1.0)
    blocks = source.blocks()
    first = next(blocks)
    inner.given.wait()
    second = next(blocks)
    source.close()

    assert source.dropped > 8.0
    assert first.lost + second.lost == pytest.approx(source.dropped)
    assert second.time == pytest.approx(first.time + first.seconds + second.lost)


def test_time_adds_up_over_what_was_dropped():
    inner = Scripted([block(n) for n in range(200)])
    heard = list(BufferedSource(inner, seconds=1.0).blocks())

    assert sum(b.lost + b.seconds for b in heard) == pytest.approx(20.0)


def test_an_error_of_the_source_reaches_the_consumer_after_the_blocks_before_it():
    blocks = BufferedSource(Scripted([block(0), block(1)], AudioError("the cable is cut"))).blocks()

    assert [next(blocks).time, next(blocks).time] == [0, 0.1]
    with pytest.raises(AudioError, match="the cable is cut"):
        next(blocks)


def test_a_wait_without_audio_ends_with_nothing():
    assert InputQueue(1.0).get(timeout=0.01) is None


def test_closing_ends_a_consumer_that_waits_and_the_source_behind_it():
    inner = Scripted([], wait=True)
    source = BufferedSource(inner)
    consumer = threading.Thread(target=lambda: list(source.blocks()))
    consumer.start()
    source.close()
    consumer.join(5.0)

    assert not consumer.is_alive()
    assert not any(thread.name == "kwsd-audio" for thread in threading.enumerate())


def test_a_signal_handler_may_close_the_source_that_its_thread_reads():
    source = BufferedSource(Scripted([], wait=True))
    before = signal.signal(signal.SIGALRM, lambda *_: source.close())
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    blocks = list(source.blocks())
    signal.signal(signal.SIGALRM, before)

    assert blocks == []


def test_a_consumer_that_stops_early_stops_the_source():
    inner = Scripted([block(n) for n in range(5)], wait=True)
    blocks = BufferedSource(inner).blocks()
    next(blocks)
    blocks.close()

    assert not any(thread.name == "kwsd-audio" for thread in threading.enumerate())


def test_the_name_is_the_inner_sources():
    assert BufferedSource(Scripted([])).name == "scripted"


def test_a_consumer_waits_for_as_much_audio_as_it_needs_and_gets_it_as_one_block():
    waiting = InputQueue(1.0)
    waiting.due = 0.25
    for number in range(2):
        waiting.put(block(number))
    assert waiting.get(timeout=0.01).seconds == pytest.approx(0.2)

    for number in range(2, 7):
        waiting.put(block(number))
    joined = waiting.get(timeout=0.01)
    assert (joined.time, joined.seconds) == (0.2, pytest.approx(0.3))
    assert joined.samples[[0, -1]].tolist() == [2, 4]


def test_a_wait_goes_on_while_audio_comes_and_ends_when_none_does():
    waiting, coming = InputQueue(10.0), [block(1), block(2)]
    waiting.due = 0.55

    def time_out(seconds):
        if coming:
            waiting.put(coming.pop(0))
        return False

    waiting.put(block(0))
    waiting._wake = SimpleNamespace(wait=time_out, set=lambda: None)

    assert waiting.get(timeout=0.2).seconds == pytest.approx(0.3)


def test_blocks_with_a_gap_between_them_are_not_joined():
    waiting = InputQueue(1.0)
    waiting.due = 0.25
    for item in (block(0), block(1, lost=0.5), block(2)):
        waiting.put(item)

    assert [waiting.get(timeout=0.01).seconds for _ in range(2)] == pytest.approx([0.1, 0.2])
