"""What a stretch of audio says, as the second look compares it: vectors on a unit sphere, and how probable words are.

The vectors are the encoder's, projected. The projection is a linear discriminant analysis of English phones in their
context (Haeb-Umbach & Ney 1992), in clean and in spoiled speech, each direction divided by its deviation within a
class; `export.second_look` fits it. Audio later than TAIL after a stretch is not heard, so that a detection need not
wait for it; silence takes its place.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.source import RATE
from kwsd.second_look.conditions import conditions
from kwsd.second_look.decoder import Decoder
from kwsd.second_look.distance import Look, Spoken
from kwsd.second_look.encoder import HOP, Encoder

LEAD = 0.6  # s before a stretch that are heard
TAIL = 0.24  # s after it; the tokenizer has heard as many when it answers
SILENCE = 1.0  # s after these
LONGEST = 10.0  # s of a stretch

Vectors = NDArray[np.float32]
PROJECTION = "projection.npz"


class SecondLook:
    """Stretches of audio to vectors.

    Attributes:
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
        self._decoder = Decoder(self._encoder)

    def __call__(self, samples: NDArray[np.float32], start: float, end: float, edge: float = 0.0) -> Vectors:
        """Unit vectors [n, m] of a stretch, one each HOP and at least one; of a long one the last LONGEST are heard.

        Args:
            samples: float32 mono at RATE, with LEAD before and TAIL after the stretch as far as there is audio.
            start, end: of the stretch, in seconds of the samples.
            edge: seconds before and after it of which there are vectors too, at most LEAD and TAIL.
        """
        heard, lead, length = _heard(samples, start, end)
        hops = (len(heard) - round(SILENCE * RATE)) // round(HOP * RATE)
        begin = min(max(0, round((lead - edge) / HOP)), max(0, hops - 1))
        stop = max(begin + 1, min(hops, round((lead + length + edge) / HOP)))
        vectors = np.ascontiguousarray((self._encoder(heard)[begin:stop] - self._mean) @ self._projection)
        unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-9))
        return unit

    def spoken(self, samples: NDArray[np.float32], start: float, end: float, words: str) -> float:
        """The log-probability that words are said in a stretch, see `Decoder`; arguments as `__call__` has them."""
        return self._decoder(_heard(samples, start, end)[0], words)

    def phrase(self, samples: NDArray[np.float32], start: float, end: float) -> Look:
        """A phrase in a recording in each condition; see `__call__`."""
        return tuple(self(heard, start, end) for heard in conditions(samples, start, end))

    def phrase_spoken(self, samples: NDArray[np.float32], start: float, end: float, words: str) -> Spoken:
        """The log-probability that words are said in a recording in each condition; see `spoken`."""
        return tuple(self.spoken(heard, start, end, words) for heard in conditions(samples, start, end))


def _heard(samples: NDArray[np.float32], start: float, end: float) -> tuple[NDArray[np.float32], float, float]:
    """What is heard for a stretch, with silence after it; the seconds before the stretch, and those of the stretch."""
    start = max(start, end - LONGEST)
    first = max(0, round((start - LEAD) * RATE))
    heard = samples[first : max(first, round((end + TAIL) * RATE))]
    return np.concatenate([heard, np.zeros(round(SILENCE * RATE), np.float32)]), start - first / RATE, end - start


@cache
def second_look() -> SecondLook:
    """The one of this process, loaded when it is first wanted.

    Raises:
        ModelError: see `Encoder`.
    """
    return SecondLook()
