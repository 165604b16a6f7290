"""Phrases that are enrolled and tried while a network is trained, to see whether near phrases would fire."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export import align
from export.look.stretches import Clips, Stretch, apart, fits, prose
from export.near import neighbours

ENROLLED, HIT, NEAR = 0, 1, 2  # what a stretch is to its trial
RECORDINGS = 5  # enrolled, each by another speaker
MOST_HITS, MOST_NEAR, PER_TEXT = 8, 15, 4
LEAST_PHONES = 4
Tried = tuple[int, Stretch]


def trials(shared: Path, cache: Path, clips: Clips, rng: random.Random) -> dict[str, NDArray[np.generic]]:
    """Phrases of LibriSpeech, enrolled from speakers of `train` and `dev` and tried on others of `dev`.

    Returns arrays [n] with a value for each stretch: `trial`, `role`, `clip`, and `place` [n, 2] in seconds.
    """
    said = defaultdict[str, list[Stretch]](list)
    tested = set()
    for split in ("train", "dev"):
        for clip, words in align.spoken(shared, cache, "librispeech", split):
            tested |= {clip.speaker} if split == "dev" else set()
            for one in prose(words, clips.number(clip.path), clip.speaker):
                if one.kind != "phones" and fits(one):
                    said[one.text].append(one)
    near = neighbours({text: group[0].phones for text, group in said.items()})
    made = [_trial(text, near[text], said, tested, rng) for text in sorted(near)]
    rows = [(i, *row) for i, trial in enumerate(filter(None, made)) for row in trial]
    return {
        "trial": np.array([i for i, _, _ in rows], np.int32),
        "role": np.array([role for _, role, _ in rows], np.int8),
        "clip": np.array([one.clip for _, _, one in rows], np.int32),
        "place": np.array([(one.start, one.end) for _, _, one in rows], np.float32),
    }


def _trial(
    text: str, near: Sequence[str], said: Mapping[str, Sequence[Stretch]], tested: set[str], rng: random.Random
) -> list[Tried]:
    """What is enrolled and tried of a phrase; nothing if it is not said often enough."""
    own = said[text]
    order = rng.sample(own, len(own))
    enrolled = list({one.speaker: one for one in order}.values())[:RECORDINGS]
    others = tested - {one.speaker for one in enrolled}
    hits = [one for one in order if one.speaker in others][:MOST_HITS]
    if sum(map(len, own[0].phones)) < LEAST_PHONES or len(enrolled) < RECORDINGS or not hits:
        return []
    wrong: list[Stretch] = []
    for other in sorted(near, key=lambda other: apart(own[0].phones, said[other][0].phones)):
        group = [one for one in said[other] if one.speaker in others and not _overlaps(one, own)]
        wrong += rng.sample(group, min(PER_TEXT, len(group)))
    roles = ((ENROLLED, enrolled), (HIT, hits), (NEAR, wrong[:MOST_NEAR]))
    return [(role, one) for role, ones in roles for one in ones] if wrong else []


def _overlaps(one: Stretch, own: Sequence[Stretch]) -> bool:
    return any(o.clip == one.clip and o.start < one.end and o.end > one.start for o in own)
