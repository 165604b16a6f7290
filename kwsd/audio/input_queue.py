"""A bounded queue between a source that cannot wait and a consumer that may be slow."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Generic, TypeVar

from kwsd.audio.source import Block, Source
from kwsd.audio.timeline import Chunk

PATIENCE = 0.1  # s; how long a waiting consumer sleeps before it looks whether it was closed
FAREWELL = 2.0  # s; how long the inner source may take to end once it was closed

Audio = TypeVar("Audio", Block, Chunk)


class InputQueue(Generic[Audio]):
    """The audio that waits to be looked at, at most `seconds` of it.

    When it is full the oldest goes: a phrase is worth an answer now, not in ten seconds, and who fell behind is back
    in the present at once. What went is added to the `lost` of what follows, so that time stays true.
    """

    def __init__(self, seconds: float) -> None:
        self._limit = seconds
        self._items: deque[Audio] = deque()
        self._held = 0.0
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False
        self.dropped = 0.0

    def put(self, item: Audio) -> None:
        """Append audio without ever waiting for the consumer."""
        with self._changed:
            self._items.append(item)
            self._held += item.seconds
            while self._held > self._limit and len(self._items) > 1:
                self._drop()
            self._changed.notify()

    def get(self, timeout: float | None = None) -> Audio | None:
        """The oldest audio held; None after `timeout` seconds without any, at the end, or when closed.

        Raises:
            BaseException: the error given to `end`, once everything held was taken.
        """
        with self._changed:
            self._wait(timeout)
            if self._closed:
                return None
            if self._items:
                item = self._items.popleft()
                self._held -= item.seconds
                return item
            if self._error is not None:
                raise self._error
            return None

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing more will come, and why if that is an error."""
        with self._changed:
            self._error, self._ended = error, True
            self._changed.notify()

    def close(self) -> None:
        """Let go of everything; a waiting `get` returns within 0.1 s."""
        # Only a flag: a signal handler must not wait for a lock that its own thread may hold.
        self._closed = True

    def _wait(self, timeout: float | None) -> None:
        due = float("inf") if timeout is None else time.monotonic() + timeout
        while not (self._items or self._ended or self._closed) and (left := due - time.monotonic()) > 0:
            self._changed.wait(min(left, PATIENCE))

    def _drop(self) -> None:
        oldest = self._items.popleft()
        self._held -= oldest.seconds
        self.dropped += oldest.seconds
        following = self._items[0]
        self._items[0] = replace(following, lost=following.lost + oldest.lost + oldest.seconds)


class BufferedSource:
    """A source that runs in a thread of its own, so that it is read in time however slow the consumer is.

    For live audio only: a file that is read as fast as it goes should wait for its consumer instead.

    Attributes:
        name: the inner source's.
    """

    def __init__(self, inner: Source, seconds: float = 10.0) -> None:
        self.name = inner.name
        self._inner = inner
        self._backlog: InputQueue[Block] = InputQueue(seconds)

    @property
    def dropped(self) -> float:
        """Seconds of audio dropped so far because the consumer was slow."""
        return self._backlog.dropped

    def blocks(self) -> Iterator[Block]:
        """The inner source's blocks; what it raises is raised here, after the blocks before it."""
        thread = threading.Thread(target=self._pump, name="kwsd-audio", daemon=True)
        thread.start()
        try:
            while (block := self._backlog.get()) is not None:
                yield block
        finally:
            self.close()
            thread.join(FAREWELL)

    def close(self) -> None:
        """Make `blocks` end soon, and the inner source with it."""
        self._backlog.close()
        self._inner.close()

    def _pump(self) -> None:
        try:
            for block in self._inner.blocks():
                self._backlog.put(block)
        except BaseException as error:  # whatever it is, it belongs to the consumer
            self._backlog.end(error)
        else:
            self._backlog.end()
