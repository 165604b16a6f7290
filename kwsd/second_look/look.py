"""What a stretch of audio says, as the second look compares it: vectors on a unit sphere, and how far words are behind.

Audio later than TAIL after a stretch is not heard, so that a detection need not wait for it; silence takes its place,
and that of what is missing before a stretch at the beginning of the audio.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.source import RATE
from kwsd.second_look.comparison import Comparison
from kwsd.second_look.conditions import conditions
from kwsd.second_look.decoder import Decoder
from kwsd.second_look.distance import Behind, Look
from kwsd.second_look.encoder import Encoder
from kwsd.second_look.span import HOP, LEAD, LONGEST, SILENCE, TAIL

Vectors = NDArray[np.float32]


class SecondLook:
    """Stretches of audio to vectors.

    Attributes:
        decoder: of the words.
        comparison: makes the vectors.

    Raises:
        ModelError: see `Encoder`.
    """

    def __init__(self) -> None:
        self.comparison = Comparison()
        self._encoder = Encoder()
        self.decoder = Decoder(self._encoder)

    @property
    def digest(self) -> str:
        """Of what makes the vectors; those of different digests cannot be compared."""
        return self.comparison.digest

    def __call__(self, samples: NDArray[np.float32], start: float, end: float, edge: float = 0.0) -> Vectors:
        """Unit vectors [n, m] of a stretch, one each HOP and at least one; of a long one the last LONGEST are heard.

        Args:
            samples: float32 mono at RATE, with LEAD before and TAIL after the stretch as far as there is audio.
            start, end: of the stretch, in seconds of the samples.
            edge: seconds before and after it of which there are vectors too, at most LEAD and TAIL.
        """
        return self.hear(samples, start, end).vectors(edge)

    def hear(self, samples: NDArray[np.float32], start: float, end: float) -> Hearing:
        """What is heard of a stretch; arguments as `__call__` has them."""
        start = max(start, end - LONGEST)
        first, size = round((start - LEAD) * RATE), round((LEAD + end - start + TAIL) * RATE)
        heard = samples[max(0, first) : max(0, first + size)]
        before = min(max(0, -first), size)
        padded = np.pad(heard, (before, size - before - len(heard) + round(SILENCE * RATE)))
        return Hearing(self, self._encoder.states(padded), size // round(HOP * RATE), end - start)

    def recording(self, samples: NDArray[np.float32], start: float, end: float, words: str = "") -> tuple[Look, Behind]:
        """A phrase in a recording in each condition, and how far words are behind in it, if there are any.

        Arguments as `__call__` has them.
        """
        heard = [self.hear(one, start, end) for one in conditions(samples, start, end)]
        return tuple(one.vectors() for one in heard), tuple(one.behind(words) for one in heard if words)


@dataclass(frozen=True)
class Hearing:
    """What the second look heard of a stretch, for its vectors and its words.

    Attributes:
        look: that heard it.
        states: [m, WIDTH] of the encoder, silence included.
        hops: HOPs that were heard before the silence.
        length: of the stretch in seconds; LEAD is before it.
    """

    look: SecondLook
    states: Vectors
    hops: int
    length: float

    def vectors(self, edge: float = 0.0) -> Vectors:
        """See `SecondLook.__call__`."""
        begin = round((LEAD - edge) / HOP)
        stop = max(begin + 1, min(self.hops, round((LEAD + self.length + edge) / HOP)))
        return np.ascontiguousarray(self.look.comparison(self.states[: 2 * self.hops])[begin:stop])

    def behind(self, words: str) -> float:
        """How far words are behind what is likeliest said, see `Decoder`."""
        return self.look.decoder(self.states, words)


@cache
def second_look() -> SecondLook:
    """The one of this process, loaded when it is first wanted.

    Raises:
        ModelError: see `Encoder`.
    """
    return SecondLook()
