"""A pipe as a source: audio is dropped only when the writer is live, which means in real time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from kwsd.audio.input_queue import TICK, BufferedSource
from kwsd.audio.pauses import PAUSE
from kwsd.audio.source import Block, LiveSource, OnStatus, Relay, Source

POLL_INTERVAL = 0.1  # s between two checks of a waiting reader whether the source was closed
LONGEST_LEAD = 10.0  # s that a writer may be silent because it was ahead, at most
EPSILON = 1e-6  # s; rounding errors of the same time, added up in two ways, are smaller


class Pipe(Relay):
    """A pipe that is read in real time if its writer is live, and at the speed of the consumer if it is not.

    Live audio, as `arecord` writes it, cannot wait: it goes through a queue that drops the oldest audio. A file that
    is written into the pipe faster than real time can wait, and nothing of it is dropped.

    Args:
        inner: the source that reads the pipe.
        queue: seconds of live audio that may wait for the consumer.
        on_status: called with "no-audio" when the writer pauses, and with "listening" when it goes on.

    Attributes:
        name: the name of the inner source.
    """

    def __init__(self, inner: LiveSource, queue: float, on_status: OnStatus | None = None) -> None:
        super().__init__(inner)
        self._paced = _PacedSource(inner, queue / 2)
        self._queue = BufferedSource(self._paced, queue)
        self._on_status = on_status
        self._silent = 0.0  # s since the last audio
        self._is_paused = False

    @property
    def waiting(self) -> float:
        """Seconds of audio that wait for the consumer."""
        return self._queue.waiting

    def blocks(self) -> Iterator[Block]:
        """The blocks of the inner source, and blocks without samples while its writer pauses.

        Raises:
            AudioError: as the inner source.
        """
        for block in self._queue.blocks():
            self._look_at(block)
            yield block
            self._paced.mark_consumed(block.time + block.seconds)

    def _look_at(self, block: Block) -> None:
        """Report a pause of the writer when it begins and when it is over."""
        self._silent = 0.0 if block.seconds else self._silent + TICK
        # Audio that came before its time may be followed by as long a wait.
        is_pause = self._silent >= PAUSE + min(self._paced.ahead, LONGEST_LEAD)
        if is_pause and not self._is_paused:
            self._report("no-audio", reason=f"its writer has written nothing for {self._silent:.1f} s")
        elif block.seconds and self._is_paused:
            self._report("listening", reason="its writer goes on")
        self._is_paused = is_pause or (self._is_paused and not block.seconds)

    def _report(self, status: str, **facts: Any) -> None:
        if self._on_status is not None:
            self._on_status(status, **facts)

    def close(self) -> None:
        """Make `blocks` end soon."""
        self._paced.closed = True
        self._queue.close()


class _PacedSource:
    """A source that waits for its consumer when it is more than `margin` seconds ahead of the clock.

    The lead over the clock is a leaky bucket: a pause of the writer does not let a later burst be longer.
    """

    def __init__(self, inner: Source, margin: float) -> None:
        self.name = inner.name
        self.closed = False
        self.ahead = 0.0
        self._inner = inner
        self._margin = margin
        self._consumed = 0.0
        self._changed = threading.Condition()

    def blocks(self) -> Iterator[Block]:
        last = time.monotonic()
        for block in self._inner.blocks():
            now = time.monotonic()
            self.ahead = max(0.0, self.ahead - (now - last)) + block.seconds
            if self.ahead > self._margin:
                # It never waits for the block itself, which the consumer cannot have yet.
                self._wait_for(min(block.time - EPSILON, block.time + block.seconds - self._margin))
            last = time.monotonic()
            yield block

    def mark_consumed(self, until: float) -> None:
        """Record that the consumer has processed the audio up to `until` seconds of the stream."""
        with self._changed:
            self._consumed = until
            self._changed.notify()

    def close(self) -> None:
        self._inner.close()

    def _wait_for(self, until: float) -> None:
        with self._changed:
            while self._consumed < until and not self.closed:
                self._changed.wait(POLL_INTERVAL)
