"""Phrases that recur in an archive: unsupervised term discovery (Park & Glass 2008, Jansen & Van Durme 2011)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from kwsd.archive.discovery.group import SHORTEST, Group
from kwsd.archive.discovery.groups import Graph, Star
from kwsd.archive.discovery.heard import Heard
from kwsd.archive.discovery.pairs import find_pairs
from kwsd.archive.segments.segment import Segment
from kwsd.errors import ConfigError
from kwsd.tokenizer.codebook import MERGED, Codebook
from kwsd.tokenizer.voice_activity import VoiceActivity


def discover(
    segments: Sequence[Segment],
    codebook: Codebook,
    hop: float,
    *,
    activity: VoiceActivity | None,
    top: int = 20,
    min_seconds: float = SHORTEST,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Group]:
    """The phrases that recur, those with the highest score first.

    Args:
        segments: of an index.
        codebook: of the model that the index was built with.
        hop: seconds between that model's frames.
        activity: tells speech of that model from pauses and noise; None if there is none for it.
        top: number of groups.
        min_seconds: duration that each place must have.
        progress: called with the share that is done, from 0 to 1.

    Raises:
        ConfigError: `top` or `min_seconds` is not positive.
    """
    if top < 1:
        raise ConfigError(f"the number of phrases is {top}: give 1 or more")
    if not 0 < min_seconds < math.inf:
        raise ConfigError(f"the shortest phrase is {min_seconds} s: give more than 0 seconds")
    step = hop * MERGED
    heard = Heard.of(segments, codebook)
    stars = Graph(find_pairs(heard, math.ceil(min_seconds / step - 1e-9), activity, progress)).stars()
    return [_group(star, heard, step) for star in itertools.islice(stars, top)]


def _group(star: Star, heard: Heard, step: float) -> Group:
    places = [(star.centre, star.others[0][1]), *star.others]
    hits = tuple(heard.hit(begin, end, score, step) for (begin, end), score in places)
    return Group(sum(score for _, score in star.others), hits)
