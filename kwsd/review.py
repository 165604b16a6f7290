"""What the recordings of a keyword say about each other: which does not belong, and how many would be missed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kwsd.keyword import Keyword
from kwsd.spotter import Scorer
from kwsd.tokenizer import Tokenizer

TOO_SHORT = 0.45  # seconds; shorter phrases are found in too many others
FEW = 3  # recordings, below which one more helps most
MANY_ALARMS = 3.0  # an hour, which is more than anybody bears for long
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


@dataclass(frozen=True)
class Misses:
    """How often a keyword is not heard, as its recordings show it: each is given to the keyword that the others make.

    Attributes:
        count: recordings that would be missed at the keyword's threshold.
        recordings: how many there are, at least two.
        rate: share of further recordings of the same kind that will be missed, see `miss_rate`.
    """

    count: int
    recordings: int
    rate: float


def left_out(keyword: Keyword, tokenizer: Tokenizer) -> list[float]:
    """The distance of each recording from the keyword made of all the others; none of an only recording."""
    if len(keyword.templates) < 2:
        return []
    return [_left_out(keyword, i, tokenizer) for i in range(len(keyword.templates))]


def _left_out(keyword: Keyword, i: int, tokenizer: Tokenizer) -> float:
    rest = tuple(t for j, t in enumerate(keyword.templates) if j != i)
    scorer = Scorer(keyword.scorer, [replace(keyword, templates=rest)], tokenizer.hop, tokenizer.codebook)
    return float(scorer.push(keyword.templates[i].heard).distance.min())


def misses(distances: Sequence[float], threshold: float, spread: float) -> Misses | None:
    """How many of the recordings left out are missed, and what to expect of others; None for an only recording."""
    if not distances:
        return None
    count = sum(d > threshold for d in distances)
    return Misses(count, len(distances), miss_rate(distances, threshold, spread))


def miss_rate(distances: Sequence[float], threshold: float, spread: float) -> float:
    """The share of further recordings that will be missed, from the distances of at least one that was left out.

    Counts of a few recordings are coarse, so each counts by how far it is from the threshold: as the share above the
    threshold of a normal distribution around it. No recording near the threshold still leaves open what no miss in n
    leaves open, the mean of Jeffreys' posterior, Beta(1/2, n + 1/2).

    Args:
        distances: of each recording from the keyword that the others make.
        threshold: of the keyword.
        spread: standard deviation of the distribution; that of the background's closest distances does well.
    """
    smooth = [0.5 + 0.5 * math.erf((d - threshold) / (spread * math.sqrt(2))) for d in distances]
    return max(sum(smooth) / len(smooth), 0.5 / (len(smooth) + 1))


def matches(keyword: Keyword, distances: Sequence[float]) -> tuple[Match, ...]:
    """Each recording with its distance, and the odd one out marked."""
    if not distances:
        return (Match(keyword.templates[0].recording, None, False),)
    worst = int(np.argmax(distances))
    usual = float(np.median([d for i, d in enumerate(distances) if i != worst])) if len(distances) > 2 else np.inf
    odd = distances[worst] > max(keyword.threshold, ODD * usual)
    pairs = zip(keyword.templates, distances, strict=True)
    return tuple(Match(t.recording, d, odd and i == worst) for i, (t, d) in enumerate(pairs))


def warnings(keyword: Keyword, missed: Misses | None, alarms: float) -> list[str]:
    """Sentences about what will limit a keyword that is expected to give so many false alarms an hour."""
    found = []
    seconds = float(np.median([t.seconds for t in keyword.templates]))
    if seconds < TOO_SHORT:
        found.append(f"the phrase is short ({seconds:.2f} s): a longer one is missed less and mistaken less")
    if len(keyword.templates) < FEW:
        found.append(f"{len(keyword.templates)} recording(s) are few: add some, by different voices, rooms and moods")
    if missed and missed.count:
        found.append(
            f"{missed.count} of {missed.recordings} recordings would be missed at this threshold: record those again"
        )
    if alarms > MANY_ALARMS:
        found.append(f"about {alarms:.1f} false alarms an hour are to be expected: a lower threshold has fewer")
    return found
