"""What a stretch of audio says, as the second look compares it: vectors on a unit sphere, and how probable words are.

The vectors are the encoder's, projected. The projection is a linear discriminant analysis of English phones in their
context (Haeb-Umbach & Ney 1992), in clean and in spoiled speech, each direction divided by its deviation within a
class; `export.second_look` fits it. Audio later than TAIL after a stretch is not heard, so that a detection need not
wait for it; silence takes its place.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.source import RATE
from kwsd.second_look.conditions import conditions
from kwsd.second_look.decoder import Decoder
from kwsd.second_look.distance import Look, Spoken
from kwsd.second_look.encoder import HOP, Encoder, averaged

LEAD = 0.6  # s before a stretch that are heard
TAIL = 0.24  # s after it; the tokenizer has heard as many when it answers
SILENCE = 1.0  # s after these
LONGEST = 10.0  # s of a stretch

Vectors = NDArray[np.float32]
PROJECTION = "projection.npz"


class SecondLook:
    """Stretches of audio to vectors.

    Attributes:
        decoder: of the words.
        digest: of the projection; vectors of different digests cannot be compared.

    Raises:
        ModelError: see `Encoder`.
    """

    def __init__(self) -> None:
        content = (files("kwsd.second_look") / PROJECTION).read_bytes()
        arrays = np.load(io.BytesIO(content), allow_pickle=False)
        self._mean, self._projection = (arrays[name].astype(np.float32) for name in ("mean", "projection"))
        self.digest = hashlib.sha256(content).hexdigest()[:16]
        self._encoder = Encoder()
        self.decoder = Decoder(self._encoder)

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
        first = max(0, round((start - LEAD) * RATE))
        heard = samples[first : max(first, round((end + TAIL) * RATE))]
        silence = np.zeros(round(SILENCE * RATE), np.float32)
        states = self._encoder.states(np.concatenate([heard, silence]))
        return Hearing(self, states, len(heard) // round(HOP * RATE), start - first / RATE, end - start)

    def projected(self, vectors: Vectors) -> Vectors:
        """Unit vectors [n, m] of those of the encoder [n, WIDTH]."""
        found = np.ascontiguousarray((vectors - self._mean) @ self._projection)
        unit: Vectors = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-9))
        return unit

    def recording(self, samples: NDArray[np.float32], start: float, end: float, words: str = "") -> tuple[Look, Spoken]:
        """A phrase in a recording in each condition, and the log-probability of words in it, if there are any.

        Arguments as `__call__` has them.
        """
        heard = [self.hear(one, start, end) for one in conditions(samples, start, end)]
        return tuple(one.vectors() for one in heard), tuple(one.spoken(words) for one in heard if words)


@dataclass(frozen=True)
class Hearing:
    """What the second look heard of a stretch, for its vectors and its words.

    Attributes:
        look: that heard it.
        states: [m, WIDTH] of the encoder, silence included.
        hops: HOPs that were heard before the silence.
        lead, length: seconds before the stretch that were heard, and of the stretch.
    """

    look: SecondLook
    states: Vectors
    hops: int
    lead: float
    length: float

    def vectors(self, edge: float = 0.0) -> Vectors:
        """See `SecondLook.__call__`."""
        begin = min(max(0, round((self.lead - edge) / HOP)), max(0, self.hops - 1))
        stop = max(begin + 1, min(self.hops, round((self.lead + self.length + edge) / HOP)))
        return self.look.projected(averaged(self.states, stop)[begin:])

    def spoken(self, words: str) -> float:
        """The log-probability that words are said, see `Decoder`."""
        return self.look.decoder(self.states, words)


@cache
def second_look() -> SecondLook:
    """The one of this process, loaded when it is first wanted.

    Raises:
        ModelError: see `Encoder`.
    """
    return SecondLook()
