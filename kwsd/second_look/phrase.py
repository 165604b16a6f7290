"""How far a detection is from the recordings of its keyword, by the second look: by its vectors and by its words.

Words are compared where the recordings say those of the keyword's name, as the decoder of Whisper hears them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.source import Samples
from kwsd.second_look.distance import Look, Spoken, leave_one_out, limit, nearest
from kwsd.second_look.look import second_look
from kwsd.second_look.span import EDGE

HEARD = -3.0  # mean log-probability of words that recordings say
WEIGHT = 0.15  # times as far for each unit that the words are less probable than in recordings that all agree
MOST = 8.0  # units that count
USUAL_SPREAD = 0.7  # mean deviation of the log-probability in recordings
USUAL_COUNTS = 3  # recordings, as many as that counts
FARTHER = 1.2  # times as far a detection may be where words are compared too


@dataclass(frozen=True)
class Compared:
    """A stretch beside the recordings of a phrase.

    Attributes:
        far: how many times as far from the recordings it is by vectors as these are from each other.
        less: gives how much less probable the words are in it, see `Phrase`; 0 where they are not compared.
    """

    far: float
    less: Callable[[], float]


class Phrase:
    """The recordings of a phrase as the second look knows them.

    How much less probable the words are in a stretch than in the recordings, as they would be heard in the same place,
    is a difference of log-probabilities, divided by one and its mean deviation in the recordings.

    Args:
        looks: of each recording, at least one.
        spoken: of each recording; empty if no words are known.
        words: of the phrase.

    Attributes:
        words: empty where they are not compared, since the recordings do not say them.
    """

    def __init__(self, looks: Sequence[Look], spoken: Sequence[Spoken] = (), words: str = "") -> None:
        self._looks, self._usual = looks, limit(looks, 1.0)
        known = len(spoken) == len(looks) and bool(words)
        self._spoken = np.array(spoken, dtype=np.float64) if known else np.zeros((0, 0))
        self.words = words if known and self._spoken[:, 0].mean() >= HEARD else ""

    def __len__(self) -> int:
        return len(self._looks)

    def compared(self, samples: Samples, start: float, end: float) -> Compared:
        """A stretch beside the recordings; arguments as `SecondLook` has them."""
        heard = second_look().hear(samples, start, end)
        found, condition = nearest(heard.vectors(EDGE), self._looks)

        def less() -> float:
            return less_probable(heard.spoken(self.words), self._spoken[:, condition]) if self.words else 0.0

        return Compared(found / self._usual, less)

    def far(self, samples: Samples, start: float, end: float, most: float = np.inf) -> float:
        """How many times as far from the recordings a stretch is as these are from each other, by vectors and words.

        Args:
            samples, start, end: see `SecondLook`.
            most: beyond which it need not be known how far.
        """
        found = self.compared(samples, start, end)
        if not self.words:
            return found.far
        return _joined(found.far, found.less() if found.far <= most * FARTHER else 0.0)

    def least(self, look: Look) -> float:
        """How far, at least, a recording of another phrase is: by its vectors, since the words are not heard in it."""
        found, _ = nearest(look[0], self._looks)
        return _joined(found / self._usual, 0.0) if self.words else found / self._usual

    def of_recordings(self) -> list[float]:
        """How far each recording is from the others, likewise; empty for a single one."""
        alone = [one / self._usual for one in leave_one_out(self._looks)]
        if not self.words:
            return alone
        clean = self._spoken[:, 0]
        return [_joined(far, less_probable(clean[i], np.delete(clean, i))) for i, far in enumerate(alone)]


def less_probable(said: float, usual: NDArray[np.float64]) -> float:
    """How much less probable words are than in recordings, at least 0 and at most MOST; see `Phrase`.

    Args:
        said: their log-probability.
        usual: [n] that in recordings.
    """
    middle = float(usual.mean())
    spread = float(np.abs(usual - middle).sum() + USUAL_COUNTS * USUAL_SPREAD) / (len(usual) + USUAL_COUNTS)
    return min(MOST, max(0.0, middle - said)) / (1 + spread)


def _joined(far: float, less: float) -> float:
    """How far it is by vectors and words, on the scale of vectors alone."""
    return (far + WEIGHT * less) / FARTHER
