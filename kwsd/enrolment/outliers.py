"""What the recordings of a keyword say about each other: which does not belong, and how many would be missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kwsd.keywords.keyword import Keyword
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.tokenizer import Tokenizer

ODD = 1.35  # times the median distance of the others, at which a recording is the odd one out


@dataclass(frozen=True)
class Match:
    """How well one recording matches the others.

    Attributes:
        recording: its name.
        distance: of the phrase in it from the keyword made of all the others; None for an only recording.
        odd: it is the one that does not belong.
    """

    recording: str
    distance: float | None
    odd: bool


def left_out(keyword: Keyword, tokenizer: Tokenizer) -> list[float]:
    """The distance of each recording from the keyword made of all the others; none of an only recording."""
    if len(keyword.templates) < 2:
        return []
    return [_left_out(keyword, i, tokenizer) for i in range(len(keyword.templates))]


def _left_out(keyword: Keyword, i: int, tokenizer: Tokenizer) -> float:
    rest = tuple(t for j, t in enumerate(keyword.templates) if j != i)
    scorer = KeywordScorer(keyword.scorer, [replace(keyword, templates=rest)], tokenizer.hop, tokenizer.codebook)
    return float(scorer.push(keyword.templates[i].heard).distance.min())


def matches(keyword: Keyword, distances: Sequence[float]) -> tuple[Match, ...]:
    """Each recording with its distance, and the odd one out marked."""
    if not distances:
        return (Match(keyword.templates[0].recording, None, False),)
    worst = int(np.argmax(distances))
    usual = float(np.median([d for i, d in enumerate(distances) if i != worst])) if len(distances) > 2 else np.inf
    odd = distances[worst] > max(keyword.threshold, ODD * usual)
    pairs = zip(keyword.templates, distances, strict=True)
    return tuple(Match(t.recording, d, odd and i == worst) for i, (t, d) in enumerate(pairs))
