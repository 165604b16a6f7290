"""Keywords that are mistaken for each other: each is given the other's recordings, and keeps its own threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kwsd.keywords.keyword import Keyword
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class Confusion:
    """A keyword that answers to recordings of another.

    Attributes:
        keyword: the name of the one that answers.
        answers_to: the name of the one that the recordings say.
        count: how many it answers to, at least one.
        recordings: how many there are.
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
    """What the others answer to of the keyword's recordings, and it to theirs, in the order of the others.

    A keyword of the same name is the one that this replaces, and one of another model cannot be compared: neither
    counts. A single answer does: of pairs of words that are never mistaken for each other, one in 500 gives one.
    """
    found = []
    for other in others:
        if other.name == keyword.name or other.model != keyword.model:
            continue
        for listener, speaker in ((other, keyword), (keyword, other)):
            count = answers(listener, speaker, tokenizer)
            if count:
                found.append(Confusion(listener.name, speaker.name, count, len(speaker.templates)))
    return tuple(found)


def answers(listener: Keyword, speaker: Keyword, tokenizer: Tokenizer) -> int:
    """How many of one keyword's recordings another answers to."""
    scorer = KeywordScorer(listener.scorer, [listener], tokenizer.hop, tokenizer.codebook)
    count = 0
    for template in speaker.templates:
        scorer.reset()
        count += bool((scorer.push(template.heard).distance <= listener.threshold).any())
    return count
