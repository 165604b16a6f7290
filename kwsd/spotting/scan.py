"""A source of audio to detections: the one loop that files and live sound share, so that they cannot differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from kwsd.audio.source import Block, Source
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.detection import Detection
from kwsd.spotting.spotter import Spotter
from kwsd.spotting.trace import Trace
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer


class Log(Protocol):
    """What keeps the frames that a listener hears."""

    def hear(self, frames: Frames, clock: float | None) -> None:
        """The next frames, timed from the start of the stream, and the Unix time of that start where there is one."""
        ...

    def cut(self) -> None:
        """What is heard next does not follow on what was heard before."""
        ...

    def close(self) -> None:
        """Nothing more will be heard."""
        ...


class Listener:
    """Blocks of audio to detections: tokenizer and spotter as one stream, whose frames a log may keep."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        keywords: Sequence[Keyword],
        *,
        refractory: float = 1.0,
        trace: Trace | None = None,
        log: Log | None = None,
    ) -> None:
        self._tokenizer, self._trace, self._log = tokenizer, trace, log
        self._spotter = Spotter(keywords, tokenizer.hop, tokenizer.codebook, refractory)
        self._offset: float | None = None
        self._clock: float | None = None
        tokenizer.reset()

    def push(self, block: Block) -> list[Detection]:
        """The detections that became certain with this block; where audio was lost, the stream starts anew."""
        found = self.flush() if block.lost else []
        if self._offset is None:
            self._offset = block.time
        self._clock = None if block.wall is None else block.wall - block.time
        return found + self._spot(self._tokenizer.push(block.samples))

    def flush(self) -> list[Detection]:
        """The detections that the end of the audio brings."""
        found = self._spot(self._tokenizer.flush())
        found += self._spotter.flush()
        self._offset = None
        if self._log is not None:
            self._log.cut()
        return found

    def _spot(self, frames: Frames) -> list[Detection]:
        shifted = replace(frames, time=frames.time + (self._offset or 0.0))
        if self._log is not None and self._offset is not None:  # else nothing was heard, and all is the end's silence
            self._log.hear(shifted, self._clock)
        track = self._spotter.track(shifted)
        if self._trace is not None:
            self._trace.add(track)
        return self._spotter.decide(track)


def scan(
    source: Source,
    tokenizer: Tokenizer,
    keywords: Sequence[Keyword],
    *,
    refractory: float = 1.0,
    trace: Trace | None = None,
    progress: Callable[[float], None] | None = None,
) -> Iterator[Detection]:
    """The detections in a source, as they become certain.

    Args:
        source: is read to its end and closed.
        tokenizer: is reset.
        keywords: at least one.
        refractory: seconds after a detection in which the same keyword is not detected again.
        trace: collects the score track.
        progress: called with the seconds of audio that each block adds.

    Raises:
        AudioError: the audio cannot be used; what was detected before has been given out.
    """
    listener = Listener(tokenizer, keywords, refractory=refractory, trace=trace)
    try:
        for block in source.blocks():
            yield from listener.push(block)
            if progress is not None:
                progress(block.seconds)
        yield from listener.flush()
    finally:
        source.close()
