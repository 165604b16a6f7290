"""A second look at pairs of places: both are heard again, and how far they are tells how probably they say the same.

What an index keeps of the audio cannot tell near words apart; the encoder of `kwsd.second_look` can. A logistic
regression over its distance and the duration gives the log-odds (Platt 1999), whatever the index keeps;
`python -m export.second_look_of_pairs` fits it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.clips import Cutter
from kwsd.archive.confirmed import recording_of
from kwsd.archive.discovery.heard import Heard
from kwsd.archive.discovery.pairs import Pairs, distinct
from kwsd.archive.search.hit import Hit
from kwsd.errors import AudioError
from kwsd.scorers import cosine_costs, subsequence_dtw
from kwsd.second_look.look import second_look

LEAST = 0.8  # score of a pair that is heard again: most that two speakers say alike have less than others need
CANDIDATES = 2000  # pairs that are heard again, at most
LEAST_SECONDS = 0.08  # that a place counts as
CALIBRATION = Path(__file__).parent / "second_look.json"

Vectors = NDArray[np.float32]
Stretch = tuple[str, float, float, float]
"""The file, when it was heard if it was heard live, and the seconds at which it begins and ends."""


@dataclass(frozen=True)
class Weights:
    """A logistic regression: what the log-odds that two places say the same are the weighed sum of.

    Attributes:
        constant: in any case.
        far: for each unit of their distance, see `distance`.
        seconds: for each unit of the logarithm of the duration of the shorter place in seconds.
    """

    constant: float
    far: float
    seconds: float

    @classmethod
    @cache
    def shipped(cls) -> Weights:
        """Those of the shipped network."""
        return cls(*json.loads(CALIBRATION.read_text())["weights"])

    def odds(self, far: float, seconds: float) -> float:
        """The log-odds that two places so far from each other say the same, the shorter one for so many seconds."""
        return self.constant + self.far * far + self.seconds * math.log(max(seconds, LEAST_SECONDS))


@dataclass(frozen=True)
class Compared:
    """Pairs of places that were compared by the second look.

    Attributes:
        pairs: the best of those that discovery found.
        places: of each pair.
        far: [p] how far its places are from each other, see `distance`; NaN where one could not be heard again.
        problems: a sentence if there are such places.
    """

    pairs: Pairs
    places: Sequence[tuple[Hit, Hit]]
    far: NDArray[np.float64]
    problems: Sequence[str]

    def alike(self) -> Pairs:
        """Those that more probably than not say the same, with the log-odds as their score, the best first."""
        weights = Weights.shipped()
        odds = np.array([weights.odds(far, shorter(*pair)) for far, pair in zip(self.far, self.places, strict=True)])
        rows = np.flatnonzero(odds > 0)
        rows = rows[np.argsort(-odds[rows], kind="stable")]
        return Pairs(odds[rows], self.pairs.bounds[rows])

    def unheard(self) -> Pairs:
        """Those of which a place could not be heard again, as they were."""
        return self.pairs.part(np.flatnonzero(np.isnan(self.far)))


def compare(
    pairs: Pairs, heard: Heard, step: float, progress: Callable[[float], None] = lambda share: None
) -> Compared:
    """Hear the best CANDIDATES pairs again.

    Args:
        pairs: the best first.
        heard: what they are places in.
        step: seconds between its vectors.
        progress: called with the share that is done.

    Raises:
        ModelError: the second look is not installed.
    """
    best = distinct(pairs, CANDIDATES)
    places = best.placed(heard, step)
    stretches = {_stretch(hit): hit for pair in places for hit in pair}
    looks, problem = _looks(stretches, progress)
    looked = [(looks.get(_stretch(one)), looks.get(_stretch(other))) for one, other in places]
    far = [np.nan if one is None or other is None else distance(one, other) for one, other in looked]
    lost = len(stretches) - len(looks)
    sentence = f"{lost} of {len(stretches)} places could not be heard again, and phrases there come last: {problem}"
    return Compared(best, places, np.array(far, np.float64), [sentence] if lost else [])


def shorter(one: Hit, other: Hit) -> float:
    """The duration of the shorter place in seconds."""
    return min(one.end - one.start, other.end - other.start)


def distance(one: Vectors, other: Vectors) -> float:
    """How far two places are: the mean cost 1 - cos of aligning each with a part of the other (Müller 2007)."""
    costs = cosine_costs(one, other)
    ways = (subsequence_dtw(one_way)[0].min() for one_way in (costs, np.ascontiguousarray(costs.T)))
    return float(sum(ways)) / 2


def _looks(stretches: Mapping[Stretch, Hit], progress: Callable[[float], None]) -> tuple[dict[Stretch, Vectors], str]:
    """The places as the second look hears them, without those that it cannot, and why the last of these could not."""
    looks: dict[Stretch, Vectors] = {}
    look, problem = second_look(), ""
    with closing(Cutter()) as cutter:
        for done, (stretch, hit) in enumerate(sorted(stretches.items(), key=itemgetter(0)), 1):
            try:
                recording = recording_of(hit, cutter.cut)
            except AudioError as error:
                problem = str(error)
            else:
                assert recording.span is not None
                looks[stretch] = look(recording.samples, *recording.span)
            progress(done / len(stretches))
    return looks, problem


def _stretch(hit: Hit) -> Stretch:
    return hit.path, hit.heard or 0.0, hit.start, hit.end
