"""A second look at hits: each is heard again in its file, and how far it is then tells how probable it is the phrase.

What an index keeps of the audio cannot tell near words apart; the encoder of `kwsd.second_look` can. A logistic
regression over its distance and the number of recordings gives the probability (Platt 1999), whatever the index keeps;
`python -m export.second_look_of_hits` fits it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from kwsd.archive.confirmed import recording_of
from kwsd.archive.search.feedback import Feedback
from kwsd.archive.search.hit import Hit
from kwsd.archive.search.probability import probability
from kwsd.archive.search.query import Query
from kwsd.errors import ArchiveError, AudioError
from kwsd.second_look.distance import Look
from kwsd.second_look.look import second_look
from kwsd.second_look.phrase import Phrase

CANDIDATES = 60  # hits that are heard again, at least
CALIBRATION = Path(__file__).parent / "second_look.json"


@dataclass(frozen=True)
class Weights:
    """A logistic regression: what the log-odds that a hit is the phrase are the weighed sum of.

    Attributes:
        constant: in any case.
        recordings: for each unit of the logarithm of the number of recordings.
        far: for each time that the hit is as far as the recordings are from each other, see `limit`.
    """

    constant: float
    recordings: float
    far: float

    @classmethod
    @cache
    def shipped(cls) -> Weights:
        """Those of the shipped projection."""
        return cls(*json.loads(CALIBRATION.read_text())["weights"])

    def probability(self, far: float, recordings: int) -> float:
        """The probability that a hit is the phrase, of which so many recordings were given."""
        odds = self.constant + self.recordings * math.log(recordings) + self.far * far
        return probability(odds)


def searched_again(
    search: Callable[[int], Sequence[Hit]], looks: Sequence[Look], *, top: int, at_least: float = 0.0
) -> tuple[list[Hit], list[str]]:
    """The best hits of a search by the second look, the most probable first, and sentences about problems.

    Args:
        search: gives so many hits, best first.
        looks: see `hear_again`.
        top: number of hits.
        at_least: only hits that are the phrase with this probability or a higher one.

    Raises:
        ModelError: the second look is not installed.
    """
    hits, problems = hear_again(search(max(top, CANDIDATES)), looks)
    return [hit for hit in hits if (hit.probability or 0.0) >= at_least][:top], problems


def hear_again(hits: Sequence[Hit], looks: Sequence[Look]) -> tuple[list[Hit], list[str]]:
    """The hits with their probability by the second look, the most probable first, and sentences about problems.

    Hits whose audio is not there any more come last, without a probability.

    Args:
        hits: the best of a search, best first.
        looks: the recordings that were searched for, at least one.

    Raises:
        ModelError: the second look is not installed.
    """
    heard, lost, problem = [], [], ""
    phrase, weights = Phrase(looks), Weights.shipped()
    for hit in hits:
        try:
            recording = recording_of(hit)
        except AudioError as error:
            lost.append(replace(hit, probability=None))
            problem = str(error)
            continue
        assert recording.span is not None
        far = phrase.far(recording.samples, *recording.span)
        heard.append(replace(hit, probability=weights.probability(far, len(looks))))
    problems = [f"{len(lost)} of {len(hits)} hits could not be heard again and come last: {problem}"] if lost else []
    return [*sorted(heard, key=lambda hit: -(hit.probability or 0.0)), *lost], problems


def looks_of(query: Query, feedback: Feedback | None = None) -> list[Look]:
    """What is searched for as the second look hears it, with the right hits.

    Args:
        query: of a keyword with a second look, or of recordings that were heard with one.
        feedback: hits that were right; one whose audio is not there any more is left out.

    Raises:
        ArchiveError: the query has no second look.
    """
    if not query.looks:
        raise ArchiveError(
            f"{query.name} was enrolled without a second look: add it with `kwsd enroll {query.name} RECORDINGS... "
            "--replace --second-look usual`, or search with --wav"
        )
    return [*query.looks, *(look for hit in (feedback.right if feedback else ()) if (look := _look_of(hit)))]


def _look_of(hit: Hit) -> Look:
    try:
        recording = recording_of(hit)
    except AudioError:
        return ()
    assert recording.span is not None
    return second_look().phrase(recording.samples, *recording.span)
