"""Scanning an audio source for keywords; files and live audio go through the same code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from kwsd.audio.source import RATE, Block, Samples, Source
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.detection import Detection, OnRefused, ignored
from kwsd.spotting.quiet import QuietGate
from kwsd.spotting.recent import Recent, RecentAudio, recent_with
from kwsd.spotting.score_track import ScoreTrack
from kwsd.spotting.second_look import MEMORY as AUDIO_MEMORY
from kwsd.spotting.second_look import Confirmation
from kwsd.spotting.spotter import Spotter
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

MEMORY = 10.0  # s of frames that a spotter of new keywords hears before it takes over: more than a phrase lasts


class FrameLog(Protocol):
    """A log of the frames of a stream, for example `kwsd.archive.indexing.token_log.TokenLog`."""

    def push(self, frames: Frames, clock: float | None) -> None:
        """Append frames, timed from the start of the stream; `clock` is the Unix time of that start, if it is known."""
        ...

    def end_document(self) -> None:
        """Mark a gap: the next frames do not follow directly on the frames before."""
        ...

    def close(self) -> None:
        """Write what is buffered and close the log."""
        ...


@dataclass
class Successor:
    """A spotter with other keywords, which has heard the last frames of a stream.

    Attributes:
        spotter: the spotter.
        stream: number of the stream without gaps that it has heard.
        until: time of the last frame that it has heard, in seconds of that stream.
    """

    spotter: Spotter
    stream: int
    until: float


class TrackLog(Protocol):
    """What follows the score track of a stream, for example `kwsd.spotting.trace.Trace`."""

    def add(self, track: ScoreTrack) -> None:
        """Take the next part of the score track."""
        ...


class AudioSpotter:
    """A stream of audio blocks to detections: tokenizer and spotter together.

    Args:
        tokenizer: is reset.
        keywords: at least one.
        refractory: seconds after a detection in which the same keyword is not detected again.
        traces: get the score track.
        log: gets the frames.
        on_refused: called with each detection that contrasts or the second look refuse.

    Raises:
        ModelError: a keyword has a second look that is not installed, or another one.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        keywords: Sequence[Keyword],
        *,
        refractory: float = 1.0,
        traces: Sequence[TrackLog] = (),
        log: FrameLog | None = None,
        on_refused: OnRefused = ignored,
    ) -> None:
        self._tokenizer, self._traces, self._log = tokenizer, traces, log
        self._refractory, self._on_refused = refractory, on_refused
        self._keeps_audio = False  # whether a keyword has needed it
        self._audio: RecentAudio | None = None
        self._spotted = 0  # samples of the stream
        self._spotter = self._new_spotter(keywords)
        self._heard: tuple[int, Recent] = (0, ())  # number and last frames of the stream; replaced whole
        self._offset: float | None = None
        self._clock: float | None = None
        self._gate = QuietGate()
        self._waiting: list[Samples] = []
        tokenizer.reset()

    def push(self, block: Block) -> list[Detection]:
        """The detections that are certain with this block; after lost audio, tokenizer and spotter start anew.

        Quiet audio is scored less often, at most LONGEST_WAIT seconds at once; the detections are the same.
        """
        if not block.seconds:
            return []
        found = self.flush() if block.lost else []
        if self._offset is None:
            self._offset = block.time
        self._clock = None if block.wall is None else block.wall - block.time
        self._waiting.append(block.samples)
        return found if self._gate.may_wait(block) else found + self._spot_waiting()

    def use_thresholds(self, thresholds: Sequence[float]) -> None:
        """Detect the keywords, in their order, by these thresholds from the next frame on."""
        self._spotter.use_thresholds(thresholds)

    def refuses(self, k: int, detection: Detection) -> bool:
        """Whether a detection of keyword k in the last seconds is none after all."""
        return self._spotter.refuses(k, detection)

    @property
    def due(self) -> float:
        """Seconds of audio that the next `push` may have without making a detection later; fewer cost more."""
        return self._spotter.due * self._tokenizer.hop - self._tokenizer.pending

    def flush(self) -> list[Detection]:
        """The detections that are certain at the end of the audio; then a new stream begins."""
        found = self._spot_waiting() + self._spot(self._tokenizer.flush()) + self._spotter.flush()
        self._offset = self._audio = None
        self._spotted = 0
        self._heard = (self._heard[0] + 1, ())
        if self._log is not None:
            self._log.end_document()
        return found

    def successor(self, keywords: Sequence[Keyword]) -> Successor:
        """A spotter of other keywords that knows the last seconds of the stream; it may be made in another thread."""
        spotter = self._new_spotter(keywords)
        stream, recent = self._heard
        for frames in recent:
            spotter.push(frames)
        return Successor(spotter, stream, recent[-1].time[-1] if recent else -np.inf)

    def adopt(self, successor: Successor) -> None:
        """Go on with the successor's keywords; a phrase that is being spoken is not missed."""
        stream, recent = self._heard
        if successor.stream != stream:
            successor.spotter.reset()
            successor.until = -np.inf
        for frames in recent:
            successor.spotter.push(frames.between(np.nextafter(successor.until, np.inf), np.inf))
        self._spotter = successor.spotter

    def _spot_waiting(self) -> list[Detection]:
        if not self._waiting:
            return []
        samples = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
        self._waiting = []
        if self._keeps_audio:
            origin = (self._offset or 0.0) + self._spotted / RATE
            self._audio = self._audio or RecentAudio(origin, AUDIO_MEMORY)
            self._audio.push(samples)
        self._spotted += len(samples)
        return self._spot(self._tokenizer.push(samples))

    def _spot(self, frames: Frames) -> list[Detection]:
        shifted = replace(frames, time=frames.time + (self._offset or 0.0))
        if self._log is not None and self._offset is not None:  # else there was no audio, only the padding of flush
            self._log.push(shifted, self._clock)
        stream, recent = self._heard
        self._heard = (stream, recent_with(recent, shifted, MEMORY))
        track = self._spotter.track(shifted)
        for trace in self._traces:
            trace.add(track)
        return self._spotter.decide(track)

    def _new_spotter(self, keywords: Sequence[Keyword]) -> Spotter:
        confirmation = Confirmation(keywords, self._samples)
        self._keeps_audio |= bool(confirmation)
        codebook, refuses = self._tokenizer.codebook, confirmation.refuses
        return Spotter(keywords, self._tokenizer.hop, codebook, self._refractory, refuses, self._on_refused)

    def _samples(self, start: float, end: float) -> tuple[float, Samples]:
        """The last samples between two times of the stream, as far as they are known, and the time of the first."""
        return self._audio.between(start, end) if self._audio else (end, np.zeros(0, np.float32))


def scan(
    source: Source,
    tokenizer: Tokenizer,
    keywords: Sequence[Keyword],
    *,
    refractory: float = 1.0,
    trace: TrackLog | None = None,
    progress: Callable[[float], None] | None = None,
) -> Iterator[Detection]:
    """The detections in a source, each as soon as it is certain.

    Args:
        source: is read to its end and closed.
        tokenizer: is reset.
        keywords: at least one.
        refractory: seconds after a detection in which the same keyword is not detected again.
        trace: collects the score track.
        progress: called with the seconds of audio that each block adds.

    Raises:
        AudioError: the audio cannot be used; the detections before it have been returned.
        ModelError: see `AudioSpotter`.
    """
    try:
        spotter = AudioSpotter(tokenizer, keywords, refractory=refractory, traces=() if trace is None else (trace,))
        for block in source.blocks():
            yield from spotter.push(block)
            if progress is not None:
                progress(block.seconds)
        yield from spotter.flush()
    finally:
        source.close()
