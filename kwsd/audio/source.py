"""What every source of audio gives: blocks of 16 kHz mono with a clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE = 16_000  # Hz, of every block


@dataclass(frozen=True, eq=False)
class Block:
    """A run of unbroken audio.

    Attributes:
        samples: [n] float32 mono at 16 kHz, in [-1, 1].
        time: seconds from the start of the stream to the first sample; lost audio counts, so that the time keeps
            in step with the world.
        wall: unix time of the first sample, None where the audio is not heard as it happens.
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


class Source(Protocol):
    """Where audio comes from; it is used once and then closed."""

    @property
    def name(self) -> str:
        """What the source is called in events and messages."""
        ...

    def blocks(self) -> Iterator[Block]:
        """The blocks in order, until the audio ends or `close` is called.

        Raises:
            AudioError: the audio cannot be used.
        """
        ...

    def close(self) -> None:
        """Make `blocks` end soon; callable from any thread and from a signal handler, as often as wanted."""
        ...
