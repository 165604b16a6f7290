"""Phrases that recur in an archive: unsupervised term discovery (Park & Glass 2008, Jansen & Van Durme 2011)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, islice

from kwsd.archive.discovery.group import SHORTEST, Group
from kwsd.archive.discovery.groups import Graph, Star
from kwsd.archive.discovery.heard import Heard
from kwsd.archive.discovery.pairs import clear, find_pairs
from kwsd.archive.search.probability import probability
from kwsd.archive.segments.segment import Segment
from kwsd.errors import ConfigError
from kwsd.tokenizer.codebook import MERGED, Codebook
from kwsd.tokenizer.voice_activity import VoiceActivity

FINDING = 0.2  # of the time that discovery takes where places are heard again


def discover(
    segments: Sequence[Segment],
    codebook: Codebook,
    hop: float,
    *,
    activity: VoiceActivity | None,
    top: int = 20,
    min_seconds: float = SHORTEST,
    second_look: bool = False,
    progress: Callable[[float], None] = lambda share: None,
    report: Callable[[str], None] = lambda sentence: None,
) -> list[Group]:
    """The phrases that recur, those with the highest score first.

    Args:
        segments: of an index.
        codebook: of the model that the index was built with.
        hop: seconds between that model's frames.
        activity: tells speech of that model from pauses and noise; None if there is none for it.
        top: number of groups.
        min_seconds: duration that each place must have.
        second_look: whether places are heard again in their files; those with a probability then come first.
        progress: called with the share that is done, from 0 to 1.
        report: called with a sentence if places cannot be heard again.

    Raises:
        ConfigError: `top` or `min_seconds` is not positive.
        ModelError: the second look is not installed.
    """
    if top < 1:
        raise ConfigError(f"the number of phrases is {top}: give 1 or more")
    if not 0 < min_seconds < math.inf:
        raise ConfigError(f"the shortest phrase is {min_seconds} s: give more than 0 seconds")
    step, heard = hop * MERGED, Heard.of(segments, codebook)
    shortest = math.ceil(min_seconds / step - 1e-9)
    if not second_look:
        found = find_pairs(heard, shortest, activity, progress)
        return [_group(star, heard, step) for star in islice(Graph(found).stars(), top)]
    from kwsd.archive.discovery.second_look import LEAST, compare  # noqa: PLC0415 - an extra

    found = find_pairs(heard, shortest, activity, lambda share: progress(FINDING * share), LEAST)
    again = compare(found, heard, step, lambda share: progress(FINDING + (1 - FINDING) * share))
    for sentence in again.problems:
        report(sentence)
    alike = (_probable(_group(star, heard, step)) for star in Graph(again.alike()).stars())
    unheard = (_group(star, heard, step) for star in Graph(clear(again.unheard())).stars())
    return list(islice(chain(alike, unheard), top))


def _group(star: Star, heard: Heard, step: float) -> Group:
    places = [(star.centre, star.others[0][1]), *star.others]
    hits = tuple(heard.hit(begin, end, score, step) for (begin, end), score in places)
    return Group(sum(score for _, score in star.others), hits)


def _probable(group: Group) -> Group:
    """A group whose scores are log-odds, with probabilities."""
    return replace(group, places=tuple(replace(hit, probability=probability(hit.score)) for hit in group.places))
