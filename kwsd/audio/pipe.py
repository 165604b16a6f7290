"""A pipe as a source: audio is dropped only when its writer is live."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from kwsd.audio import BufferedSource
from kwsd.audio.source import Block, Source

PATIENCE = 0.1  # s; how long a waiting reader sleeps before it looks whether it was closed
EPSILON = 1e-6  # s; two ways to add up the same time differ by less


class Pipe:
    """A pipe that is read in time if its writer keeps pace with the clock, and at its reader's pace if it does not.

    What `arecord` writes is lost when nobody takes it, so it goes through a queue that drops the oldest. A file that
    is sent through the pipe comes at any speed and can wait, so none of it may be dropped.

    Attributes:
        name: the inner source's.
    """

    def __init__(self, inner: Source, queue: float) -> None:
        self.name = inner.name
        self._hurry = _PacedSource(inner, queue / 2)
        self._queue = BufferedSource(self._hurry, queue)

    def blocks(self) -> Iterator[Block]:
        """The inner source's blocks."""
        for block in self._queue.blocks():
            yield block
            self._hurry.taken(block.time + block.seconds)

    def close(self) -> None:
        """Make `blocks` end soon."""
        self._hurry.closed = True
        self._queue.close()


class _PacedSource:
    """A source that waits for its consumer whenever it has run more than `margin` seconds ahead of the clock.

    How far it ran ahead is a leaky bucket: a writer that paused and goes on in a burst has not earned time by that.
    """

    def __init__(self, inner: Source, margin: float) -> None:
        self.name = inner.name
        self.closed = False
        self._inner = inner
        self._margin = margin
        self._taken = 0.0
        self._progress = threading.Condition()

    def blocks(self) -> Iterator[Block]:
        ahead, last = 0.0, time.monotonic()
        for block in self._inner.blocks():
            now = time.monotonic()
            ahead = max(0.0, ahead - (now - last)) + block.seconds
            if ahead > self._margin:
                # Never for the block itself, which the consumer cannot have had yet.
                self._wait_for(min(block.time - EPSILON, block.time + block.seconds - self._margin))
            last = time.monotonic()
            yield block

    def taken(self, until: float) -> None:
        """The consumer is done with the audio up to `until` seconds."""
        with self._progress:
            self._taken = until
            self._progress.notify()

    def close(self) -> None:
        self._inner.close()

    def _wait_for(self, until: float) -> None:
        with self._progress:
            while self._taken < until and not self.closed:
                self._progress.wait(PATIENCE)
