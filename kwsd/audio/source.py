"""The interface of audio sources: blocks of 16 kHz mono with a time stamp."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE = 16_000  # Hz, of every block


@dataclass(frozen=True, eq=False)
class Block:
    """Audio without gaps.

    Attributes:
        samples: [n] float32 mono at 16 kHz, in [-1, 1].
        time: seconds from the start of the stream to the first sample; lost audio is counted.
        wall: Unix time of the first sample in seconds, None where the audio is not live.
        lost: seconds of audio lost just before this block.
    """

    samples: Samples
    time: float
    wall: float | None = None
    lost: float = 0.0

    @property
    def seconds(self) -> float:
        """Seconds of audio in the block."""
        return len(self.samples) / RATE

    def continues(self, before: Block) -> bool:
        """Whether this block follows the one before without a gap."""
        return not self.lost


def no_audio(time: float) -> Block:
    """A block without samples: a live source says with it that no audio came since `time` seconds of the stream."""
    return Block(np.zeros(0, np.float32), time)


class Source(Protocol):
    """A source of audio; it is read once and then closed."""

    @property
    def name(self) -> str:
        """The name of the source in events and messages."""
        ...

    def blocks(self) -> Iterator[Block]:
        """The blocks in order, until the audio ends or `close` is called.

        Raises:
            AudioError: the audio cannot be used.
        """
        ...

    def close(self) -> None:
        """Make `blocks` end soon; it may be called from any thread, from a signal handler, and more than once."""
        ...


class LiveSource(Source, Protocol):
    """A source whose consumer says how much audio it waits for, so that it is not woken for less.

    While no audio comes, `blocks` gives a block without samples several times a second, so that its consumer can do
    what must be done in time.

    Attributes:
        due: seconds that the next block should have at least; the consumer sets it before it takes the next block.
    """

    due: float


class QueuedSource(LiveSource, Protocol):
    """A live source that knows how much audio waits for its consumer."""

    @property
    def waiting(self) -> float:
        """Seconds of audio that wait for the consumer."""
        ...


class Relay:
    """A live source around another, whose blocks subclasses pass on.

    Attributes:
        name: of the inner source.
    """

    def __init__(self, inner: LiveSource) -> None:
        self.name = inner.name
        self._inner = inner

    @property
    def due(self) -> float:
        """Seconds that the next block should have at least."""
        return self._inner.due

    @due.setter
    def due(self, seconds: float) -> None:
        self._inner.due = seconds

    def close(self) -> None:
        """Make `blocks` end soon."""
        self._inner.close()


class QueuedRelay(Relay):
    """The same around a source that knows how much audio waits for its consumer."""

    def __init__(self, inner: QueuedSource) -> None:
        super().__init__(inner)
        self._queued = inner

    @property
    def waiting(self) -> float:
        """Seconds of audio that wait for the consumer."""
        return self._queued.waiting


class OnStatus(Protocol):
    """A callback for the changes of a live source.

    "microphone-lost" (device, reason), "microphone-back" (device, rate in Hz, lost in s), "no-audio" (reason) when the
    writer of a pipe pauses, and "listening" (reason) when it goes on.
    """

    def __call__(self, status: str, **facts: Any) -> None:
        """Called in the thread that runs `blocks`."""
        ...
