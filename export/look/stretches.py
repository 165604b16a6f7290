"""Which words and phrases are said where, and which of them sound almost alike.

A phrase is a word, two or three words, six phones in a row of running speech, or a recording of a corpus of single
words.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from export import align
from export.labels import PHONES
from export.near import Phones, neighbours

SHORTEST, LONGEST = 0.2, 1.4  # s of a phrase
WORDS = 3  # of a phrase, at most
GRAM = 6  # phones in a row that are a phrase, too
PAUSE, GAP = 0.1, 0.03  # s between words of a phrase, and between phones in a row, at most
LEAST_PHONES = 3
KINDS = ("word", "phrase", "phones", "commands", "other")
SPOKEN = 2200  # texts that synthetic voices say
MOST_NEAR = 12  # near texts of each, the nearest
Sound = tuple[int, str, float, float]
"""A phone: the number of its clip, its name, and the seconds between which it is said."""


@dataclass(frozen=True)
class Stretch:
    """A phrase in a clip.

    Attributes:
        clip: number of the clip.
        kind: one of KINDS.
        text: what is said; what has the same text sounds the same.
        speaker: who says it.
        start, end: seconds in the clip.
        phones: of each word; empty where they are not known.
    """

    clip: int
    kind: str
    text: str
    speaker: str
    start: float
    end: float
    phones: tuple[Phones, ...] = ()


class Clips:
    """Clips, numbered as they come."""

    def __init__(self) -> None:
        self._numbers: dict[Path, int] = {}

    def number(self, path: Path) -> int:
        """That of a clip, a new one if there is none yet."""
        return self._numbers.setdefault(path, len(self._numbers))

    @property
    def paths(self) -> list[Path]:
        """In the order of their numbers."""
        return list(self._numbers)


def prose(words: Sequence[align.Word], clip: int, speaker: str) -> Iterator[Stretch]:
    """Each word, each two and three words without a pause, and each GRAM phones in a row."""
    for i in range(len(words)):
        for count in range(1, min(WORDS, len(words) - i) + 1):
            run = words[i : i + count]
            if any(b.start - a.end > PAUSE for a, b in pairwise(run)):
                break
            phones = tuple(tuple(name for name, _ in word.phones) for word in run)
            text, kind = " ".join(word.text for word in run), "word" if count == 1 else "phrase"
            if sum(map(len, phones)) >= LEAST_PHONES:
                yield Stretch(clip, kind, text, speaker, run[0].start, run[-1].end, phones)
    sounds = list(sounds_of(words, clip))
    for i in range(len(sounds) - GRAM + 1):
        grams = sounds[i : i + GRAM]
        if all(b[2] - a[3] < GAP for a, b in pairwise(grams)):
            names = tuple(name for _, name, _, _ in grams)
            yield Stretch(clip, "phones", "/" + " ".join(names), speaker, grams[0][2], grams[-1][3], (names,))


def sounds_of(words: Sequence[align.Word], clip: int) -> Iterator[Sound]:
    """The phones of words."""
    for word in words:
        for name, start, end in word.sounds():
            yield clip, name, start, end


def worth_saying(found: Sequence[Stretch], rng: random.Random) -> list[str]:
    """Words and phrases that have near ones, with these."""
    spellings = {one.text: one.phones for one in found if one.kind in ("word", "phrase") and fits(one)}
    counts = Counter(one.text for one in found)
    near = neighbours({text: phones for text, phones in spellings.items() if counts[text] > 1})
    chosen: dict[str, None] = {}
    for text in rng.sample(sorted(near), len(near)):
        others = near[text]
        chosen |= dict.fromkeys([text, *rng.sample(others, min(2, len(others)))])
        if len(chosen) >= SPOKEN:
            break
    return list(chosen)


def fits(one: Stretch) -> bool:
    """Whether a stretch is neither too short nor too long."""
    return SHORTEST <= one.end - one.start <= LONGEST


def apart(one: Sequence[Phones], other: Sequence[Phones]) -> int:
    """How many phones must be changed, added or left out (Levenshtein)."""
    a, b = sum(one, ()), sum(other, ())
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        last, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            last, row[j + 1] = row[j + 1], min(last + (x != y), row[j] + 1, row[j + 1] + 1)
    return row[-1]


def save(path: Path, stretches: Iterable[Stretch], sounds: Sequence[Sound]) -> str:
    """Write the table of what may be learned from: texts that two speakers say; and say how much there is."""
    every = defaultdict[str, list[Stretch]](list)
    for one in filter(fits, stretches):
        every[one.text].append(one)
    groups = {text: group for text, group in every.items() if len({one.speaker for one in group}) > 1}
    spellings = {text: group[0].phones for text, group in groups.items() if group[0].phones}
    near = neighbours({t: p for t, p in spellings.items() if not t.startswith("/")})
    near |= neighbours({t: p for t, p in spellings.items() if t.startswith("/")})
    number = {text: i for i, text in enumerate(groups)}
    chosen = [one for group in groups.values() for one in group]
    speakers = {name: i for i, name in enumerate(sorted({one.speaker for one in chosen}))}
    pairs = [
        (number[text], number[other])
        for text, others in near.items()
        for other in sorted(others, key=lambda other: apart(spellings[text], spellings[other]))[:MOST_NEAR]
    ]
    np.savez_compressed(
        path,
        kind=np.array([max(KINDS.index(one.kind) for one in group) for group in groups.values()], np.int8),
        place=np.array([(one.start, one.end) for one in chosen], np.float32),
        clip=np.array([one.clip for one in chosen], np.int32),
        text=np.array([number[one.text] for one in chosen], np.int32),
        speaker=np.array([speakers[one.speaker] for one in chosen], np.int32),
        near=np.array(pairs, np.int32).reshape(-1, 2),
        sound_clip=np.array([clip for clip, *_ in sounds], np.int32),
        sound=np.array([PHONES.index(name) for _, name, _, _ in sounds], np.int8),
        sound_place=np.array([place for _, _, *place in sounds], np.float32).reshape(-1, 2),
    )
    counts = {kind: sum(one.kind == kind for one in chosen) for kind in KINDS}
    return f"{len(groups)} texts, {len(chosen)} stretches {counts}, {len(pairs)} near pairs"
