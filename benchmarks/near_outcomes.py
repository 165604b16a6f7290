"""How often near phrases are detected, from the distances of hits and of near phrases of each enrolled phrase."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from benchmarks.measures import Average, Scores, averaged
from export.spoken_queries import Said

FOUND = 0.95  # of the hits of all phrases


@dataclass(frozen=True)
class Outcome:
    """What one enrolled phrase did.

    Attributes:
        text: the phrase.
        hits: [n] the lowest distance in each recording of it.
        near: [m] the same in each recording of a near phrase.
        said: [n] the recordings of the phrase.
        near_said: [m] those of near phrases.
        threshold: the phrase's own, which enrolment learned; None if it did not.
    """

    text: str
    hits: Scores
    near: Scores
    said: tuple[Said, ...]
    near_said: tuple[Said, ...]
    threshold: float | None = None


@dataclass(frozen=True)
class Pair:
    """A phrase, one near to it, and how many of its recordings are detected at the common threshold."""

    text: str
    near: str
    fired: int
    said: int


def common_threshold(outcomes: Sequence[Outcome], found: float = FOUND) -> float:
    """The lowest distance up to which this share of the hits of all phrases lies."""
    hits = np.sort(np.concatenate([one.hits for one in outcomes]))
    return float(hits[math.ceil(found * len(hits)) - 1])


def fire(outcomes: Sequence[Outcome], threshold: float) -> Average:
    """The near phrases, in percent, that are detected at a threshold; enrolled phrases are resampled."""
    return averaged([100.0 * (one.near <= threshold) for one in outcomes])


def nearer(outcomes: Sequence[Outcome]) -> Average:
    """How often, in percent, a near phrase is nearer than a hit of the same phrase: the area above the ROC curve."""
    return averaged([_nearer(one).ravel() for one in outcomes])


def nearer_by_same(outcomes: Sequence[Outcome]) -> Average | None:
    """The same of near phrases and hits by one speaker; None if nobody says both."""
    found = [_nearer(one)[_same_speaker(one)] for one in outcomes if len(one.near)]
    said = [pairs for pairs in found if len(pairs)]
    return averaged(said) if said else None


def _nearer(one: Outcome) -> NDArray[np.float64]:
    """[m, n] 100 where a near phrase is nearer than a hit, 50 where it is as near."""
    pairs: NDArray[np.float64] = 50.0 * (one.near[:, None] < one.hits) + 50.0 * (one.near[:, None] <= one.hits)
    return pairs


def _same_speaker(one: Outcome) -> NDArray[np.bool_]:
    """[m, n] whether one speaker says both."""
    speakers, near = ([said.speaker for said in group] for group in (one.said, one.near_said))
    return np.array([[speaker == other for speaker in speakers] for other in near], bool)


def own(outcomes: Sequence[Outcome]) -> tuple[Average, Average]:
    """At each phrase's own threshold the hits that are missed and the near phrases that are detected, in percent."""
    learned = [(one, one.threshold) for one in outcomes if one.threshold is not None]
    return (
        averaged([100.0 * (one.hits > threshold) for one, threshold in learned]),
        averaged([100.0 * (one.near <= threshold) for one, threshold in learned]),
    )


def split(outcome: Outcome) -> tuple[Outcome, Outcome]:
    """The near phrases that are spelled with the whole phrase in them, as plurals are, and the others."""
    longer = np.array([outcome.text in said.label for said in outcome.near_said], bool)
    return _only(outcome, longer), _only(outcome, ~longer)


def _only(outcome: Outcome, near: NDArray[np.bool_]) -> Outcome:
    said = tuple(compress(outcome.near_said, near.tolist()))
    return replace(outcome, near=outcome.near[near], near_said=said)


def worst(outcomes: Sequence[Outcome], threshold: float, count: int) -> list[Pair]:
    """The pairs of which most recordings are detected at a threshold; of equals first those said less often."""
    pairs = []
    for one in outcomes:
        by_text = defaultdict[str, list[bool]](list)
        for said, distance in zip(one.near_said, one.near.tolist(), strict=True):
            by_text[said.label].append(distance <= threshold)
        pairs += [Pair(one.text, text, sum(flags), len(flags)) for text, flags in by_text.items()]
    return sorted(pairs, key=lambda pair: (-pair.fired, pair.said, pair.text, pair.near))[:count]
