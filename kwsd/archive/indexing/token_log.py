"""What a live stream says, written into an index while it is heard: as codes, with no audio.

Each unbroken stretch of the stream is a document, and a segment is written every ten minutes and at the end: a crash
loses what was heard since the last one. Live documents end with their segment, and the next one begins with the last
two seconds again, so that no phrase is cut in two. What is not heard as it happens, as from a file, has no time of day,
and is written in one piece when it ends.

An hour of sound, silence or not, is half a megabyte: 0.32 MB of codes and 0.19 MB of posting lists. Joining segments
writes all of it about nine times in the course of a day.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from kwsd.archive.indexing.build import check_empty
from kwsd.archive.indexing.segment_builder import origin
from kwsd.archive.indexing.segment_set import DAY, SegmentSet
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.manifest import Settings
from kwsd.archive.segments.quantizer import Codes, Quantizer
from kwsd.archive.storage.locations import folder_at
from kwsd.errors import KwsdError
from kwsd.tokenizer.codebook import MERGED
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

ROTATION = 600.0  # s of sound that a crash may lose
SPARE = 3600.0  # s of sound that wait in memory while the disk is full
TOGETHER = 50  # frames that are coded at once, for it costs little more than coding two
OVERLAP = 2.0  # s that a document has in common with the one before it

Tell = Callable[[str, bool], None]
"""(sentence, whether it is a worry) about what becomes of the log."""


def say(message: str, worry: bool) -> None:
    """Tell those who read the service's own messages."""
    log = structlog.get_logger()
    (log.warning if worry else log.info)("log", message=message)


class TokenLog:
    """The one writer of an index that grows with a stream; a disk that fails is told, and never raised.

    Args:
        location: of the index, which is made if it is not there.
        tokenizer: the one whose frames are logged.
        name: see below.
        rotation: seconds of sound between two segments.
        keep: days after which what was heard live is dropped, None for never; files that were added are kept. Searches
            find it no more from the next rotation on. Its bytes go with the last of its segment, within another day, or
            with `kwsd index compact` where an index verb joined several days.
        now: the time of day, Unix time in seconds.

    Attributes:
        name: what the stream is called, before something of it is heard.
        tell: told once when the log cannot be written, and once when it can again.

    Raises:
        ArchiveError: the index is being written, has other settings or other things in its folder, or is damaged.
        ModelError: another model made it.
        StoreError: the folder cannot be written.
    """

    def __init__(
        self,
        location: str,
        tokenizer: Tokenizer,
        name: str = "",
        *,
        rotation: float = ROTATION,
        keep: float | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name, self.tell = name, say
        self._where = location
        self._rotation, self._keep, self._now = rotation, keep, now
        self._hop, self._origin = tokenizer.hop, origin(tokenizer)
        self._coder = Quantizer(tokenizer.codebook, Settings().stages, vectors=False)
        self._stretch: _Stretch | None = None
        self._frames: list[Frames] = []  # of the stretch, not yet coded
        self._waiting: list[tuple[Document, Codes]] = []
        self._since = 0  # codes since the last segment
        self._failing, self._lost, self._closed = False, 0.0, False
        with contextlib.ExitStack() as lock:
            folder = folder_at(location)
            check_empty(folder)
            lock.enter_context(folder.writer_lock())
            self._shelf = SegmentSet(folder, tokenizer.digest)
            self._lock = lock.pop_all()
        self._save()

    def hear(self, frames: Frames, clock: float | None) -> None:
        """Log the next frames of a stretch, timed from the start of the stream.

        Args:
            frames: any number of them.
            clock: Unix time in seconds at the start of the stream, None where it is not heard as it happens.
        """
        if not len(frames):
            return
        if self._stretch is None:
            self._stretch = self._begin(float(frames.time[0]), math.nan if clock is None else clock)
        self._frames.append(frames)
        if sum(map(len, self._frames)) >= TOGETHER:
            self._code(self._stretch)
            if clock is not None and self._since * self._step >= self._rotation:
                self._rotate(self._stretch, clock)

    def cut(self) -> None:
        """The stretch has ended; what is heard next is another document."""
        if self._stretch is not None:
            self._code(self._stretch)
            self._stretch.parts.append(self._coder.flush())
            self._put_by(self._stretch)
            self._stretch = None

    def close(self) -> None:
        """Write what is left and let others write; as often as wanted."""
        if self._closed:
            return
        self._closed = True
        with self._lock:
            self.cut()
            self._save()
            if self._waiting:
                lost = self._lost + _seconds(self._waiting)
                self.tell(f"{lost:.0f} s of the log {self._where} are lost, for they could not be written", True)

    @property
    def _step(self) -> float:
        return MERGED * self._hop

    def _begin(self, time: float, clock: float) -> _Stretch:
        """A stretch whose first frame has this time; what waits since long before, as before a gap, is written."""
        if self._waiting and not self._failing and clock + time - self._waiting[0][0].began > self._rotation:
            self._save()
        return _Stretch(time + (MERGED - 1) / 2 * self._hop, clock, [])

    def _code(self, stretch: _Stretch) -> None:
        if self._frames:
            coded = self._coder.push(Frames.join(self._frames))
            self._frames.clear()
            stretch.parts.append(coded)
            self._since += len(coded)

    def _rotate(self, stretch: _Stretch, clock: float) -> None:
        self._put_by(stretch)
        coded = Codes.join(stretch.parts)
        first = max(0, len(coded) - round(OVERLAP / self._step))
        again = Codes(coded.codes[first:], coded.norms[first:], coded.vectors[first:])
        self._stretch = _Stretch(stretch.middle + first * self._step, clock, [again], len(again))
        self._save()

    def _put_by(self, stretch: _Stretch) -> None:
        """Make a document of a stretch, unless all of it is in the one before; a live one has a second 0 of its own."""
        coded = Codes.join(stretch.parts)
        if len(coded) > stretch.again:
            zero = 0.0 if math.isnan(stretch.clock) else stretch.middle - self._origin
            seconds = stretch.middle + (len(coded) - 0.5) * self._step - zero
            first = stretch.middle - zero
            document = Document(self.name, 0, 0, "", seconds, first, len(coded), stretch.clock + zero)
            self._waiting.append((document, coded))

    def _save(self) -> None:
        self._since = 0
        try:
            if self._keep is not None:
                self._shelf.drop(self._now() - self._keep * DAY)
            if self._waiting:
                self._shelf.append(self._waiting)
                self._waiting = []
            self._shelf.join()
        except (KwsdError, OSError) as error:
            self._bear(error)
        else:
            self._recover()

    def _bear(self, error: Exception) -> None:
        if not self._failing:
            self.tell(f"{error}; listening goes on, and an hour of what is not logged is kept in memory", True)
        self._failing = True
        while _seconds(self._waiting) > SPARE:
            if not self._lost:
                self.tell(f"the log {self._where} is an hour behind, its oldest part is lost: make room for it", True)
            self._lost += _seconds([self._waiting.pop(0)])

    def _recover(self) -> None:
        if self._failing:
            lost = f"{self._lost:.0f} s" if self._lost else "nothing"
            self.tell(f"the log {self._where} is written again; of what was heard, {lost} is lost", False)
        self._failing, self._lost = False, 0.0


@dataclass
class _Stretch:
    """Sound without a gap that is not yet a document.

    Attributes:
        middle: second of the stream in the middle of its first code.
        clock: Unix time at second 0 of the stream, not a number where it is not heard as it happens.
        parts: its codes.
        again: how many codes of it the document before has too.
    """

    middle: float
    clock: float
    parts: list[Codes]
    again: int = 0


def _seconds(waiting: Sequence[tuple[Document, Codes]]) -> float:
    return sum(document.seconds for document, _ in waiting)
