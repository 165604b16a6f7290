"""The audio around each detection, kept in a folder of bounded size, for `kwsd feedback`."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from kwsd.audio.source import RATE, Block, QueuedRelay, QueuedSource, Samples
from kwsd.enrolment.hit import Hit
from kwsd.errors import StoreError
from kwsd.events.messages import DetectionEvent, Event
from kwsd.events.publisher import Publisher

BEFORE, AFTER = 1.5, 1.0  # s of audio that are kept before and after the phrase
MEMORY = 15.0  # s of audio in memory; a phrase with what is kept before and after it is shorter
MAX_HITS = 1000
MAX_AGE = 30 * 86_400.0  # s
MAX_BYTES = 100 << 20
PATTERN = "hit-*.flac"
JOIN_TIMEOUT = 1.0  # s for the last hits to be written


class HitKeeper:
    """A publisher that also keeps the audio around each detection that it publishes.

    Audio is written in another thread. The oldest hits are deleted when there are more than 1,000, when they are older
    than 30 days, or when they have more than 100 MB together.

    Args:
        folder: for the hits; it is made for its owner alone, and so are the files.
        publisher: gets every event; it is closed with this one.

    Attributes:
        notify: called, in another thread, with a sentence when a hit cannot be kept, and whether that is new.
    """

    def __init__(self, folder: Path, publisher: Publisher) -> None:
        self.notify: Callable[[str, bool], None] = lambda message, is_warning: None
        self._folder, self._publisher = folder, publisher
        self._audio: deque[Block] = deque()
        self._pending: deque[DetectionEvent] = deque()
        self._hits: SimpleQueue[Hit | None] = SimpleQueue()
        self._fails = False
        self._thread = threading.Thread(target=self._write_all, name="kwsd-hits", daemon=True)
        self._thread.start()

    def publish(self, event: Event) -> None:
        """Publish the event, and keep its audio if it is a detection."""
        self._publisher.publish(event)
        if isinstance(event, DetectionEvent):
            self._pending.append(event)

    def close(self) -> None:
        """Write the hits that wait, and close the publisher."""
        self._end_pending()
        self._hits.put(None)
        self._thread.join(JOIN_TIMEOUT)
        self._publisher.close()

    def hear(self, block: Block) -> None:
        """Remember audio, before it is searched."""
        if block.lost:
            self._end_pending()
            self._audio.clear()
        self._audio.append(block)
        now = block.time + block.seconds
        while now - self._audio[0].time - self._audio[0].seconds > MEMORY:
            self._audio.popleft()
        while self._pending and self._pending[0].end + AFTER <= now:
            self._keep(self._pending.popleft())

    def _end_pending(self) -> None:
        while self._pending:
            self._keep(self._pending.popleft())

    def _keep(self, event: DetectionEvent) -> None:
        if not self._audio:
            return
        begin = max(self._audio[0].time, event.start - BEFORE)
        samples = _cut(np.concatenate([block.samples for block in self._audio]), begin - self._audio[0].time, event)
        span = (event.start - begin, event.end - begin)
        heard = event.wall if event.heard is None else event.heard
        self._hits.put(Hit(event.keyword, samples, *span, event.distance, event.threshold, event.model, heard))

    def _write_all(self) -> None:
        while (hit := self._hits.get()) is not None:
            try:
                hit.save(self._folder)
                self._prune()
            except (StoreError, OSError) as error:
                if not self._fails:
                    self.notify(f"hits are not kept: {error}", True)
                self._fails = True
            else:
                self._fails = False

    def _prune(self) -> None:
        """Delete the oldest hits, of this folder's only."""
        found = sorted(((path.stat(), path) for path in self._folder.glob(PATTERN)), key=lambda one: -one[0].st_mtime)
        size, now = 0, time.time()
        for place, (status, path) in enumerate(found):
            size += status.st_size
            if place >= MAX_HITS or size > MAX_BYTES or now - status.st_mtime > MAX_AGE:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()


def _cut(samples: Samples, begin: float, event: DetectionEvent) -> Samples:
    first = round(begin * RATE)
    return samples[first : first + round((BEFORE + event.end - event.start + AFTER) * RATE)]


class RecordedSource(QueuedRelay):
    """A source whose audio a keeper of hits hears."""

    def __init__(self, inner: QueuedSource, keeper: HitKeeper) -> None:
        super().__init__(inner)
        self._keeper = keeper

    def blocks(self) -> Iterator[Block]:
        """The blocks of the source."""
        for block in self._inner.blocks():
            if block.seconds:
                self._keeper.hear(block)
            yield block
