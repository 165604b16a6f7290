"""Outliers among the recordings of a keyword, by leave-one-out distances."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np

from kwsd.keywords.keyword import Keyword, Template
from kwsd.spotting.score_track import KeywordScorer
from kwsd.spotting.second_look import phrase_of
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

Heard = Callable[[Template], Frames]

WILD_RATIO = 2.0  # a wild recording's distance, at least, as a multiple of the median: it may say something else
OUTLIER_RATIO = 1.35  # an outlier's distance, at least, as a multiple of the median distance of the others


@dataclass(frozen=True)
class Match:
    """The distance of a recording from the others.

    Attributes:
        recording: its name.
        distance: its distance from the keyword made of all the others; None for a single recording.
        odd: whether it is an outlier; at most one recording is.
    """

    recording: str
    distance: float | None
    odd: bool


def leave_one_out(keyword: Keyword, tokenizer: Tokenizer, heard: Heard = attrgetter("heard")) -> list[float]:
    """The distance of each recording from the keyword made of all the others; empty for a single recording.

    Args:
        keyword: with one template for each recording.
        tokenizer: of its model.
        heard: the frames of a recording; those of the template unless they are wanted in another form.
    """
    if len(keyword.templates) < 2:
        return []
    return [_distance_without(keyword, i, tokenizer, heard) for i in range(len(keyword.templates))]


def of_people(keyword: Keyword, distances: Sequence[float]) -> list[float]:
    """Those of the distances, one for each recording, that are of people's recordings, not of synthetic voices."""
    return [distance for template, distance in zip(keyword.templates, distances, strict=False) if not template.said]


def unconfirmed(keyword: Keyword) -> list[bool]:
    """Whether the second look takes each recording for something else by the others; False where there is none."""
    looked = [i for i, template in enumerate(keyword.templates) if template.look]
    far = phrase_of(keyword).of_recordings() if looked else []
    too_far = {i for i, one in zip(looked, far, strict=False) if one > keyword.reach}
    return [i in too_far for i in range(len(keyword.templates))]


def detected(distances: Sequence[float], refused: Sequence[bool]) -> list[float]:
    """The distances, one for each recording, infinite where the second look refuses it, see `unconfirmed`."""
    return [math.inf if no else distance for no, distance in zip(refused, distances, strict=False)]


def farthest(distances: Sequence[float]) -> float:
    """The largest leave-one-out distance but for wild ones; minus infinity for a single recording, which has none."""
    usual = WILD_RATIO * np.median(distances) if distances else 0.0
    return max((distance for distance in distances if distance <= usual), default=-np.inf)


def _distance_without(keyword: Keyword, i: int, tokenizer: Tokenizer, heard: Heard) -> float:
    rest = tuple(t for j, t in enumerate(keyword.templates) if j != i)
    scorer = KeywordScorer(keyword.scorer, [replace(keyword, templates=rest)], tokenizer.hop, tokenizer.codebook)
    return float(scorer.push(heard(keyword.templates[i])).distance.min())


def matches(keyword: Keyword, distances: Sequence[float]) -> tuple[Match, ...]:
    """Each recording with its leave-one-out distance; the most distant one is an outlier if it is far enough.

    Where there are recordings of people, one of these is, and it is far beside these.

    Args:
        keyword: with its threshold.
        distances: of its recordings, from `leave_one_out`.
    """
    if not distances:
        return (Match(keyword.templates[0].recording, None, False),)
    judged = [i for i, t in enumerate(keyword.templates) if not t.said] or range(len(distances))
    worst = max(judged, key=lambda i: distances[i])
    others = [distances[i] for i in judged if i != worst]
    typical = float(np.median(others)) if len(others) > 1 else np.inf
    odd = distances[worst] > max(keyword.threshold, OUTLIER_RATIO * typical)
    pairs = zip(keyword.templates, distances, strict=True)
    return tuple(Match(t.recording, d, odd and i == worst) for i, (t, d) in enumerate(pairs))
