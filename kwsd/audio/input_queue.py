"""The input queue: a bounded buffer between a live source and a consumer that may be slow."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np

from kwsd.audio.source import Block, Source, no_audio
from kwsd.audio.timeline import Chunk
from kwsd.audio.wake import Wake

EPSILON = 1e-6  # s; a difference of times that is only a rounding error
LOW_MARK = 0.5  # share of the limit that is kept when audio is dropped: one long gap, and seconds between two gaps
JOIN_TIMEOUT = 1.0  # s that the inner source may take to end after it was closed
TICK = 0.2  # s without audio after which the consumer gets a block without samples

Audio = TypeVar("Audio", Block, Chunk)


class InputQueue(Generic[Audio]):
    """A queue of at most `seconds` seconds of audio that has not been processed yet.

    When the queue is full, the oldest audio is dropped until half of `seconds` is left, so that a detection is never
    later than `seconds`. It is dropped at once and not block by block, because a phrase with a gap in it is not heard.
    The length of the dropped audio is added to `lost` of the next item, so that stream times stay correct.

    Attributes:
        due: seconds of audio that `get` waits for; the items that hold them are given as one.
        dropped: seconds of audio dropped so far.
    """

    def __init__(self, seconds: float) -> None:
        self._limit = seconds
        self._items: deque[Audio] = deque()
        self._waiting = 0.0
        self._came = 0  # items put so far
        self._lock = threading.Lock()
        self._wake = Wake()
        self._consumer_waits = False
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False
        self.due = 0.0
        self.dropped = 0.0

    @property
    def waiting(self) -> float:
        """Seconds of audio that wait in the queue, with what was lost between them."""
        with self._lock:
            return self._waiting + sum(item.lost for item in self._items)

    @property
    def has_ended(self) -> bool:
        """Whether no more audio will come."""
        return self._closed or (self._ended and not self._items)

    def put(self, item: Audio) -> None:
        """Append audio; this never waits for the consumer."""
        with self._lock:
            self._items.append(item)
            self._came += 1
            self._waiting += item.seconds
            if self._waiting > self._limit + EPSILON:
                self._drop_to(self._limit * LOW_MARK)
            self._wake_consumer()

    def get(self, timeout: float | None = None) -> Audio | None:
        """The oldest audio, at least `due` seconds unless a gap follows or none has come for `timeout` seconds.

        None if there is none at all then; None also stands for the end, and for a queue that is closed.

        Raises:
            BaseException: the error given to `end`, when the queue is empty.
        """
        self._wait(timeout)
        with self._lock:
            if self._closed:
                return None
            if self._items:
                return self._take()
            if self._error is not None:
                raise self._error
            return None

    def end(self, error: BaseException | None = None) -> None:
        """Mark the end of the audio, with the error that ended it, if there was one."""
        with self._lock:
            self._error, self._ended = error, True
            self._wake_consumer()

    def close(self) -> None:
        """Make `get` return None."""
        # Without the lock: a signal handler must not wait for a lock that its own thread may hold.
        self._closed = True
        self._wake.set()

    def _is_ready(self) -> bool:
        has_enough = bool(self._items) and self._waiting >= min(self.due, self._limit) - EPSILON
        return has_enough or self._ended or self._closed

    def _wake_consumer(self) -> None:
        if self._consumer_waits and self._is_ready():
            self._consumer_waits = False
            self._wake.set()

    def _wait(self, timeout: float | None) -> None:
        came = self._came
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            with self._lock:
                if self._is_ready():
                    return
                self._consumer_waits = True
            if not self._wake.wait(None if until is None else max(0.0, until - time.monotonic())):
                if came == self._came or timeout is None:
                    return
                came, until = self._came, time.monotonic() + timeout

    def _take(self) -> Audio:
        taken = [self._items.popleft()]
        seconds = taken[0].seconds
        while self._items and seconds < self.due - EPSILON and self._items[0].continues(taken[-1]):
            taken.append(self._items.popleft())
            seconds += taken[-1].seconds
        self._waiting -= seconds
        return taken[0] if len(taken) == 1 else replace(taken[0], samples=np.concatenate([t.samples for t in taken]))

    def _drop_to(self, seconds: float) -> None:
        lost = 0.0
        while self._waiting > seconds + EPSILON and len(self._items) > 1:
            oldest = self._items.popleft()
            self._waiting -= oldest.seconds
            self.dropped += oldest.seconds
            lost += oldest.lost + oldest.seconds
        following = self._items[0]
        self._items[0] = replace(following, lost=following.lost + lost)


class BufferedSource:
    """A source whose inner source runs in a thread, so that live audio is read in time when the consumer is slow.

    For live audio only: a file that can wait for its consumer would lose audio here.

    Args:
        inner: is read in the thread, and closed with this source.
        seconds: audio that may wait in the queue; beyond it the oldest is dropped, down to half of them.

    Attributes:
        name: the name of the inner source.
    """

    def __init__(self, inner: Source, seconds: float = 10.0) -> None:
        self.name = inner.name
        self._inner = inner
        self._queue: InputQueue[Block] = InputQueue(seconds)

    @property
    def waiting(self) -> float:
        """Seconds of audio that wait for the consumer."""
        return self._queue.waiting

    @property
    def dropped(self) -> float:
        """Seconds of audio dropped so far because the consumer was slow."""
        return self._queue.dropped

    def blocks(self) -> Iterator[Block]:
        """The blocks of the inner source, and blocks without samples while none come.

        Raises:
            BaseException: the error of the inner source, after the blocks before it.
        """
        thread = threading.Thread(target=self._fill, name="kwsd-audio", daemon=True)
        thread.start()
        end = 0.0
        try:
            while (block := self._queue.get(TICK)) is not None or not self._queue.has_ended:
                block = block or no_audio(end)
                end = block.time + block.seconds
                yield block
        finally:
            self.close()
            thread.join(JOIN_TIMEOUT)

    def close(self) -> None:
        """Make `blocks` end soon, and the inner source with it."""
        self._queue.close()
        self._inner.close()

    def _fill(self) -> None:
        try:
            for block in self._inner.blocks():
                self._queue.put(block)
        except BaseException as error:  # of any kind: it is raised again in the consumer's thread
            self._queue.end(error)
        else:
            self._queue.end()
