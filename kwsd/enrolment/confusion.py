"""Confusion between keywords: each is scored on the recordings of the other, at its own threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kwsd.keywords.keyword import Keyword, Template
from kwsd.spotting.score_track import KeywordScorer
from kwsd.spotting.second_look import phrase_of
from kwsd.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class Confusion:
    """A keyword that is detected in recordings of another keyword.

    Attributes:
        keyword: the name of the keyword that is detected.
        answers_to: the name of the keyword that is spoken in the recordings.
        count: number of recordings in which it is detected, at least one.
        recordings: number of recordings.
    """

    keyword: str
    answers_to: str
    count: int
    recordings: int

    def __str__(self) -> str:
        return (
            f'"{self.keyword}" also answers to {self.count} of {self.recordings} recordings of "{self.answers_to}": '
            "choose phrases that differ in more sounds"
        )


def confusions(keyword: Keyword, others: Sequence[Keyword], tokenizer: Tokenizer) -> tuple[Confusion, ...]:
    """Detections of the others in the keyword's recordings, and of the keyword in theirs, in the order of the others.

    Others with the same name, which the keyword replaces, and others of another model, which cannot be compared, are
    skipped. One detection is enough: of pairs of words that are never confused, one in 500 has one.
    """
    found = []
    for other in others:
        if other.name == keyword.name or other.model != keyword.model:
            continue
        for detected, spoken in ((other, keyword), (keyword, other)):
            count = detection_count(detected, spoken, tokenizer)
            if count:
                found.append(Confusion(detected.name, spoken.name, count, len(spoken.templates)))
    return tuple(found)


def detection_count(detected: Keyword, spoken: Keyword, tokenizer: Tokenizer) -> int:
    """The number of recordings of the keyword `spoken` in which the keyword `detected` is detected.

    Where both keywords have a second look, recordings are left out that it refuses by their vectors alone.
    """
    scorer = KeywordScorer(detected.scorer, [detected], tokenizer.hop, tokenizer.codebook)

    def is_near(template: Template) -> bool:
        scorer.reset()
        return bool((scorer.push(template.heard).distance <= detected.threshold).any())

    near = [template for template in spoken.templates if is_near(template)]
    if not near or not detected.looks or detected.second_model != spoken.second_model:
        return len(near)
    phrase = phrase_of(detected)
    return sum(not template.look or phrase.least(template.look) <= detected.reach for template in near)
