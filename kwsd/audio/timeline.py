"""Time stamps of live audio: chunks of any rate, with gaps, to 16 kHz blocks with stream time and wall-clock time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kwsd.audio.resample import Resampler
from kwsd.audio.source import RATE, Block, Samples

CLOCK_STEP = 1.0  # s; a larger error is not jitter: the clock was set, or the machine was suspended
BELIEVED = 1.0  # s of audio after which a larger error counts
SMOOTHING = 0.005  # share of the error of a late observation by which the offset is corrected


@dataclass(frozen=True, eq=False)
class Chunk:
    """Mono audio before resampling.

    Attributes:
        samples: [n] float32 mono.
        rate: sample rate in Hz.
        wall: Unix time of the first sample in seconds, None where it is not known.
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

    def continues(self, before: Chunk) -> bool:
        """Whether this chunk follows the one before without a gap, at the same rate."""
        return not self.lost and self.rate == before.rate


class WallClock:
    """Unix time as a smooth function of stream time, estimated from observations with a varying delay.

    Delays are never negative. So an observation that is earlier than the estimate replaces it, and a later one
    corrects it a little, which also follows the drift of a sound card whose clock is slow. A much later one counts only
    when those of the next second of audio are as late: before that, the device may only be late with its audio.
    """

    def __init__(self) -> None:
        self._offset: float | None = None
        self._late_since: float | None = None  # stream time of the first of the much later observations

    def observe(self, time: float, wall: float) -> None:
        """Add an observation: the sample at stream time `time` (s) was recorded at Unix time `wall` (s) or before."""
        if self._offset is None:
            self._offset = wall - time
        error = wall - time - self._offset
        if error <= CLOCK_STEP:
            self._late_since = None
            self._offset += error if error < 0 else SMOOTHING * error
        elif self._late_since is None:
            self._late_since = time
        elif time - self._late_since >= BELIEVED:
            self._late_since = None
            self._offset += error

    def at(self, time: float) -> float | None:
        """Unix time in seconds at stream time `time` in seconds, None before the first observation."""
        return None if self._offset is None else self._offset + time


class Timeline:
    """Chunks to blocks: resampled to 16 kHz, clipped to [-1, 1], with stream times that count lost audio."""

    def __init__(self) -> None:
        self._resampler: Resampler | None = None
        self._origin = 0.0  # stream time at which the current run without a gap began
        self._pushed = 0  # input samples of the run
        self._returned = 0  # output samples of the run
        self._lost = 0.0  # seconds to be reported with the next block
        self._wall = WallClock()

    @property
    def end(self) -> float:
        """Stream time in seconds at the end of the last sample that was pushed."""
        return self._origin if self._resampler is None else self._input_time()

    def push(self, chunk: Chunk) -> list[Block]:
        """The blocks that are ready: none, one, or two where a gap begins a new run.

        Raises:
            AudioError: the chunk's sample rate is not supported.
        """
        blocks = self._begin_run(chunk) if self._is_discontinuous(chunk) else []
        assert self._resampler is not None
        if chunk.wall is not None:
            self._wall.observe(self._input_time(), chunk.wall)
        self._pushed += len(chunk.samples)
        return blocks + self._block(self._resampler.push(chunk.samples))

    def flush(self) -> list[Block]:
        """The rest of the audio as a block, if there is any; the next chunk follows it without a gap."""
        if self._resampler is None:
            return []
        blocks = self._block(self._resampler.flush())
        self._origin, self._pushed, self._returned = self._input_time(), 0, 0
        return blocks

    def _is_discontinuous(self, chunk: Chunk) -> bool:
        return self._resampler is None or chunk.rate != self._resampler.rate or chunk.lost > 0

    def _begin_run(self, chunk: Chunk) -> list[Block]:
        blocks = self.flush()
        if self._resampler is None or chunk.rate != self._resampler.rate:
            self._resampler = Resampler(chunk.rate)
        self._origin += chunk.lost
        self._lost += chunk.lost
        return blocks

    def _input_time(self) -> float:
        assert self._resampler is not None
        return self._origin + self._pushed / self._resampler.rate

    def _block(self, samples: Samples) -> list[Block]:
        if not len(samples):
            return []
        time = self._origin + self._returned / RATE
        block = Block(np.clip(samples, -1, 1), time, self._wall.at(time), self._lost)
        self._returned += len(samples)
        self._lost = 0.0
        return [block]
