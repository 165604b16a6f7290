"""A log of a live stream: its frames are written to an index as codes, without audio.

Each part of the stream without a gap is a document. A segment is written every ten minutes and at the end, so that a
crash loses the audio since the last segment. A live document ends with its segment; the next one repeats the last two
seconds, so that no phrase is cut in two. A source that is not live, such as a file, has no time of day; its document is
written when it ends.

An hour of audio takes 0.3 MB: 0.2 MB of codes and 0.09 MB of posting lists, which a small index has not. Joining
segments writes all of it about nine times in a day.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from kwsd.archive.indexing.index_writer import check_empty
from kwsd.archive.indexing.segment_builder import origin
from kwsd.archive.indexing.segment_set import DAY, SegmentSet
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.quantizer import Codes, Quantizer
from kwsd.archive.storage.locations import folder_at
from kwsd.errors import KwsdError
from kwsd.tokenizer.codebook import MERGED
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

ROTATION = 600.0  # s between two segments, which a crash may lose
MAX_UNWRITTEN = 3600.0  # s of audio that are kept in memory while the disk is full
FRAMES_AT_ONCE = 50  # frames that are quantized together, which costs little more than two
OVERLAP = 2.0  # s that a document has in common with the one before it

Notify = Callable[[str, bool], None]
"""Called with (message, is_warning) when the state of the log changes."""


def log_message(message: str, is_warning: bool) -> None:
    """Write a message about the token log to the log of the service."""
    log = structlog.get_logger()
    (log.warning if is_warning else log.info)("log", message=message)


class TokenLog:
    """Writes the frames of a stream to an index, whose writer lock it holds; write errors go to `notify`.

    Args:
        location: of the index, which is created if it does not exist.
        tokenizer: the one whose frames are logged.
        name: see below.
        rotation: seconds of audio between two segments.
        keep: days after which live documents are dropped, None for never; files that were added are kept. From the next
            rotation on, searches do not find them. Their bytes are deleted with their segment, within another day, or
            by `kwsd index compact` where an index command joined several days.
        now: returns the Unix time in seconds.

    Attributes:
        name: of the stream; to be set before the first frames.
        notify: called once when the log cannot be written, and once when it can be written again.

    Raises:
        ArchiveError: another process writes the index, its settings differ, it is damaged, or it is not an index.
        ModelError: it was built with another model.
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
        self.name = name
        self.notify: Notify = log_message
        self._location = location
        self._rotation, self._keep, self._now = rotation, keep, now
        self._hop, self._origin = tokenizer.hop, origin(tokenizer)
        self._current: _OpenDocument | None = None
        self._frames: list[Frames] = []  # of the current document, not yet quantized
        self._unwritten: list[tuple[Document, Codes]] = []
        self._frames_since_save = 0
        self._failing, self._lost_seconds, self._closed = False, 0.0, False
        with contextlib.ExitStack() as lock:
            folder = folder_at(location)
            check_empty(folder)
            lock.enter_context(folder.writer_lock())
            self._segments = SegmentSet(folder, tokenizer.digest)
            self._quantizer = Quantizer(tokenizer.codebook, self._segments.settings.stages, vectors=False)
            self._lock = lock.pop_all()
        self._save()

    def push(self, frames: Frames, clock: float | None) -> None:
        """Log the next frames, whose times are in seconds from the start of the stream.

        Args:
            frames: any number of them.
            clock: Unix time in seconds at the start of the stream, None if the source is not live.
        """
        if not len(frames):
            return
        if self._current is None:
            self._current = self._open_document(float(frames.time[0]), math.nan if clock is None else clock)
        self._frames.append(frames)
        if sum(map(len, self._frames)) >= FRAMES_AT_ONCE:
            self._quantize(self._current)
            if clock is not None and self._frames_since_save * self._hop >= self._rotation:
                self._rotate(self._current, clock)

    def end_document(self) -> None:
        """End the document; the next frames begin another one."""
        if self._current is not None:
            self._quantize(self._current)
            self._current.parts.append(self._quantizer.flush())
            self._queue_document(self._current, Codes.join(self._current.parts))
            self._current = None

    def close(self) -> None:
        """Write the remaining documents and release the writer lock; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        with self._lock:
            self.end_document()
            self._save()
            if self._unwritten:
                lost = self._lost_seconds + _seconds(self._unwritten)
                self.notify(f"{lost:.0f} s of the log {self._location} are lost, for they could not be written", True)

    @property
    def _step(self) -> float:
        return MERGED * self._hop

    def _open_document(self, time: float, clock: float) -> _OpenDocument:
        """A new document whose first frame has this time; older documents, as from before a long gap, are written."""
        if self._unwritten and not self._failing and clock + time - self._unwritten[0][0].began > self._rotation:
            self._save()
        return _OpenDocument(time + (MERGED - 1) / 2 * self._hop, clock, [])

    def _quantize(self, current: _OpenDocument) -> None:
        if self._frames:
            frames = Frames.join(self._frames)
            self._frames.clear()
            current.parts.append(self._quantizer.push(frames))
            current.end = float(frames.time[-1]) + self._hop / 2
            self._frames_since_save += len(frames)

    def _rotate(self, current: _OpenDocument, clock: float) -> None:
        codes, ending = Codes.join(current.parts), self._quantizer.ending()
        self._queue_document(current, Codes.join([codes, ending]))
        first = max(0, len(codes) - round(OVERLAP / self._step)) // 2 * 2
        repeated, overlap = codes.after(first), len(codes) - first + len(ending)
        begin = current.first_middle + first * self._step
        self._current = _OpenDocument(begin, clock, [repeated], current.end, overlap)
        self._save()

    def _queue_document(self, current: _OpenDocument, codes: Codes) -> None:
        """Queue a document to be written, unless it only repeats the one before; a live one has its own second 0."""
        if len(codes) > current.overlap:
            offset = 0.0 if math.isnan(current.clock) else current.first_middle - self._origin
            seconds, first = current.end - offset, current.first_middle - offset
            document = Document(self.name, 0, 0, "", seconds, first, len(codes), current.clock + offset)
            self._unwritten.append((document, codes))

    def _save(self) -> None:
        self._frames_since_save = 0
        try:
            if self._keep is not None:
                self._segments.drop(self._now() - self._keep * DAY)
            if self._unwritten:
                self._segments.append(self._unwritten)
                self._unwritten = []
            self._segments.join()
        except (KwsdError, OSError) as error:
            self._record_failure(error)
        else:
            self._record_success()

    def _record_failure(self, error: Exception) -> None:
        if not self._failing:
            self.notify(f"{error}; listening goes on, and an hour of what is not logged is kept in memory", True)
        self._failing = True
        while _seconds(self._unwritten) > MAX_UNWRITTEN:
            if not self._lost_seconds:
                self.notify(
                    f"the log {self._location} is an hour behind, its oldest part is lost: make room for it", True
                )
            self._lost_seconds += _seconds([self._unwritten.pop(0)])

    def _record_success(self) -> None:
        if self._failing:
            lost = f"{self._lost_seconds:.0f} s" if self._lost_seconds else "nothing"
            self.notify(f"the log {self._location} is written again; of what was heard, {lost} is lost", False)
        self._failing, self._lost_seconds = False, 0.0


@dataclass
class _OpenDocument:
    """The document that the next frames belong to.

    Attributes:
        first_middle: seconds from the start of the stream to the middle of its first code.
        clock: Unix time in seconds at the start of the stream, NaN if the source is not live.
        parts: its codes, run by run.
        end: seconds from the start of the stream to the end of its last frame.
        overlap: number of its first codes that repeat the end of the document before.
    """

    first_middle: float
    clock: float
    parts: list[Codes]
    end: float = 0.0
    overlap: int = 0


def _seconds(unwritten: Sequence[tuple[Document, Codes]]) -> float:
    return sum(document.seconds for document, _ in unwritten)
