"""A second look at hits: each is heard again in its file, and how far it is then tells how probable it is the phrase.

What an index keeps of the audio cannot tell near words apart; `kwsd.second_look` can. A logistic regression over its
distance and the number of recordings gives the probability (Platt 1999), whatever the index keeps. Where the words of
the phrase are known and its sound is not improbable, another one gives it, over the probability of other words, too.
`python -m export.second_look_of_hits` fits both.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from kwsd.archive.confirmed import recording_of
from kwsd.archive.search.feedback import Feedback
from kwsd.archive.search.hit import Hit
from kwsd.archive.search.probability import probability
from kwsd.archive.search.query import Query
from kwsd.errors import ArchiveError, AudioError
from kwsd.second_look.distance import Behind, Look
from kwsd.second_look.look import second_look
from kwsd.second_look.phrase import Compared, Phrase

CANDIDATES = 60  # hits that are heard again, at least
LIKELY = 0.01  # probability by the sound, from which on the words are heard, too
CALIBRATION = Path(__file__).parent / "second_look.json"


@dataclass(frozen=True)
class Weights:
    """A logistic regression: what the log-odds that a hit is the phrase are the weighed sum of.

    Attributes:
        constant: in any case.
        recordings: for each unit of the logarithm of the number of recordings.
        far: for each time that the hit is as far as the recordings are from each other, see `limit`.
        other: for the probability that other words are said in it, see `Phrase`; 0 by the sound alone.
    """

    constant: float
    recordings: float
    far: float
    other: float = 0.0

    @classmethod
    @cache
    def shipped(cls, kind: str) -> Weights:
        """Those of the shipped network, by "sound" or "words"."""
        return cls(*json.loads(CALIBRATION.read_text())["weights"][kind])

    def probability(self, far: float, recordings: int, other: float = 0.0) -> float:
        """The probability that a hit is the phrase, of which so many recordings were given."""
        odds = self.constant + self.recordings * math.log(recordings) + self.far * far + self.other * other
        return probability(odds)


def searched_again(
    search: Callable[[int], Sequence[Hit]], phrase: Phrase, *, top: int, at_least: float = 0.0
) -> tuple[list[Hit], list[str]]:
    """The best hits of a search by the second look, the most probable first, and sentences about problems.

    Args:
        search: gives so many hits, best first.
        phrase: that was searched for.
        top: number of hits.
        at_least: only hits that are the phrase with this probability or a higher one.

    Raises:
        ModelError: the second look is not installed.
    """
    hits, problems = hear_again(search(max(top, CANDIDATES)), phrase)
    return [hit for hit in hits if (hit.probability or 0.0) >= at_least][:top], problems


def hear_again(hits: Sequence[Hit], phrase: Phrase) -> tuple[list[Hit], list[str]]:
    """The hits with their probability by the second look, the most probable first, and sentences about problems.

    Hits whose audio is not there any more come last, without a probability.

    Args:
        hits: the best of a search, best first.
        phrase: that was searched for.

    Raises:
        ModelError: the second look is not installed.
    """
    heard, lost, problem = [], [], ""
    for hit in hits:
        try:
            recording = recording_of(hit)
        except AudioError as error:
            lost.append(replace(hit, probability=None))
            problem = str(error)
            continue
        assert recording.span is not None
        found = phrase.compared(recording.samples, *recording.span)
        heard.append(replace(hit, probability=_probability(found, phrase)))
    problems = [f"{len(lost)} of {len(hits)} hits could not be heard again and come last: {problem}"] if lost else []
    return [*sorted(heard, key=lambda hit: -(hit.probability or 0.0)), *lost], problems


def _probability(found: Compared, phrase: Phrase) -> float:
    by_sound = Weights.shipped("sound").probability(found.far, len(phrase))
    if not phrase.words or by_sound < LIKELY:
        return by_sound
    return Weights.shipped("words").probability(found.far, len(phrase), found.other())


def phrase_of(query: Query, feedback: Feedback | None = None) -> Phrase:
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
    looks, behind = list(query.looks), list(query.behind)
    for hit in feedback.right if feedback else ():
        with suppress(AudioError):
            look, words = _heard(hit, query.words)
            looks.append(look)
            behind.append(words)
    return Phrase(looks, behind, query.words)


def _heard(hit: Hit, words: str) -> tuple[Look, Behind]:
    recording = recording_of(hit)
    assert recording.span is not None
    return second_look().recording(recording.samples, *recording.span, words)
