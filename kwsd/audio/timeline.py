"""Live audio at any rate, with gaps, as blocks on one unbroken time axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kwsd.audio.resample import Resampler
from kwsd.audio.source import RATE, Block, Samples

JUMP = 1.0  # s; a larger step is a clock that was set or a machine that slept, not jitter
FOLLOW = 0.005  # how far one late report moves the wall clock


@dataclass(frozen=True, eq=False)
class Chunk:
    """Mono audio as it was heard, before resampling.

    Attributes:
        samples: [n] float32 mono.
        rate: samples a second.
        wall: unix time of the first sample, None where nobody knows.
        lost: seconds of audio lost just before it.
    """

    samples: Samples
    rate: int
    wall: float | None = None
    lost: float = 0.0

    @property
    def seconds(self) -> float:
        """Seconds of audio in the chunk."""
        return len(self.samples) / self.rate


class WallClock:
    """Unix time as a smooth function of stream time, learned from reports that come late by a varying amount.

    A report is late, never early: an earlier one is believed at once, a later one only a little, which also follows
    a sound card whose crystal is slow.
    """

    def __init__(self) -> None:
        self._offset: float | None = None

    def observe(self, time: float, wall: float) -> None:
        """Take in that the sample at stream time `time` was heard at unix time `wall`."""
        if self._offset is None:
            self._offset = wall - time
        error = wall - time - self._offset
        self._offset += error if error < 0 or error > JUMP else FOLLOW * error

    def at(self, time: float) -> float | None:
        """Unix time at stream time `time`, None before the first report."""
        return None if self._offset is None else self._offset + time


class Timeline:
    """Chunks in, blocks out: resampled to 16 kHz, clipped to [-1, 1], with times that count lost audio."""

    def __init__(self) -> None:
        self._resampler: Resampler | None = None
        self._origin = 0.0  # stream time at which the present unbroken run began
        self._heard = 0  # samples of the run that went in
        self._given = 0  # samples of the run that came out
        self._lost = 0.0  # seconds to be reported with the next block
        self._wall = WallClock()

    def push(self, chunk: Chunk) -> list[Block]:
        """The blocks that are ready: none, one, or two where a gap begins a new run.

        Raises:
            AudioError: the chunk's sample rate cannot be used.
        """
        blocks = self._break(chunk) if self._breaks(chunk) else []
        assert self._resampler is not None
        if chunk.wall is not None:
            self._wall.observe(self._end(), chunk.wall)
        self._heard += len(chunk.samples)
        return blocks + self._block(self._resampler.push(chunk.samples))

    def flush(self) -> list[Block]:
        """The block still owed, if any; what is pushed next follows it without a gap."""
        if self._resampler is None:
            return []
        blocks = self._block(self._resampler.flush())
        self._origin, self._heard, self._given = self._end(), 0, 0
        return blocks

    def _breaks(self, chunk: Chunk) -> bool:
        return self._resampler is None or chunk.rate != self._resampler.rate or chunk.lost > 0

    def _break(self, chunk: Chunk) -> list[Block]:
        blocks = self.flush()
        if self._resampler is None or chunk.rate != self._resampler.rate:
            self._resampler = Resampler(chunk.rate)
        self._origin += chunk.lost
        self._lost += chunk.lost
        return blocks

    def _end(self) -> float:
        assert self._resampler is not None
        return self._origin + self._heard / self._resampler.rate

    def _block(self, samples: Samples) -> list[Block]:
        if not len(samples):
            return []
        time = self._origin + self._given / RATE
        block = Block(np.clip(samples, -1, 1), time, self._wall.at(time), self._lost)
        self._given += len(samples)
        self._lost = 0.0
        return [block]
