"""How far a detection is from the recordings of its keyword, by the second look: by its vectors and by its words.

Words are compared where the recordings say those of the keyword's name, as the decoder of Whisper hears them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.source import Samples
from kwsd.second_look.distance import Behind, Look, leave_one_out, limit, nearest
from kwsd.second_look.look import second_look
from kwsd.second_look.span import EDGE

DOUBT = 2.0  # by which words are behind the likeliest ones that are as probable as not
MISHEARD = 2.0  # times the share of misheard recordings: odds for the phrase that no other words take away
FARTHER = 1.45  # times as far a detection may be where words are compared too


@dataclass(frozen=True)
class Compared:
    """A stretch beside the recordings of a phrase.

    Attributes:
        far: how many times as far from the recordings it is by vectors as these are from each other.
        other: gives the probability that other words are said in it, see `Phrase`; 0 where words are not compared.
    """

    far: float
    other: Callable[[], float]


class Phrase:
    """The recordings of a phrase as the second look knows them.

    How far words are behind what is likeliest said in a stretch, farther than in the recordings as they would be heard
    in the same place, is the log of how much more probable other words are. The likeliest words are so because they
    were chosen, so that those of the phrase may be DOUBT behind. However far they are, the phrase may be misheard, as
    it is in some of the recordings. A stretch in which other words are said for sure is twice as far.

    Args:
        looks: of each recording, at least one.
        behind: of each recording; empty if no words are known.
        words: of the phrase.

    Attributes:
        words: empty where they are not compared, since the recordings do not say them.
    """

    def __init__(self, looks: Sequence[Look], behind: Sequence[Behind] = (), words: str = "") -> None:
        self._looks, self._usual = looks, limit(looks, 1.0)
        known = len(behind) == len(looks) and bool(words)
        self._behind = np.array(behind, dtype=np.float64) if known else np.zeros((0, 0))
        self.words = words if known and self._behind[:, 0].mean() <= DOUBT else ""

    def __len__(self) -> int:
        return len(self._looks)

    def compared(self, samples: Samples, start: float, end: float) -> Compared:
        """A stretch beside the recordings; arguments as `SecondLook` has them."""
        heard = second_look().hear(samples, start, end)
        found, condition = nearest(heard.vectors(EDGE), self._looks)

        def other() -> float:
            return other_words(heard.behind(self.words), self._behind, condition) if self.words else 0.0

        return Compared(found / self._usual, other)

    def far(self, samples: Samples, start: float, end: float, most: float = np.inf) -> float:
        """How many times as far from the recordings a stretch is as these are from each other, by vectors and words.

        Args:
            samples, start, end: see `SecondLook`.
            most: beyond which it need not be known how far.
        """
        found = self.compared(samples, start, end)
        if not self.words:
            return found.far
        return _joined(found.far, found.other() if found.far <= most * FARTHER else 0.0)

    def least(self, look: Look) -> float:
        """How far, at least, a recording of another phrase is: by its vectors, since the words are not heard in it."""
        found, _ = nearest(look[0], self._looks)
        return _joined(found / self._usual, 0.0) if self.words else found / self._usual

    def of_recordings(self) -> list[float]:
        """How far each recording is from the others, likewise; empty for a single one."""
        alone = [one / self._usual for one in leave_one_out(self._looks)]
        if not self.words:
            return alone
        return [
            _joined(far, other_words(self._behind[i, 0], np.delete(self._behind, i, axis=0), 0))
            for i, far in enumerate(alone)
        ]


def other_words(behind: float, usual: NDArray[np.float64], condition: int) -> float:
    """The probability that other words are said than those of a phrase; see `Phrase`.

    Args:
        behind: how far the words are.
        usual: [n, c] how far they are in recordings, in each condition.
        condition: in which they are heard.
    """
    farther = behind - float(usual[:, condition].mean())
    misheard = float((usual > DOUBT).mean())
    return 1 / (1 + math.exp(DOUBT - farther) + MISHEARD * misheard)


def _joined(far: float, other: float) -> float:
    """How far it is by vectors and words, on the scale of vectors alone."""
    return far * (1 + other) / FARTHER
