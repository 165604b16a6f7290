"""What discovered places say, by alignments: whether two say the same words, and how unlike their phones are.

The measures are those of the term discovery track of the ZeroSpeech challenges (Dunbar et al. 2022, section 4.3): the
normalised edit distance of phones (NED), and coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from export import corpus
from export.align import Word
from kwsd.archive import Hit
from kwsd.scorers import edit_distance

WITHIN = (
    0.5  # share of a word's time in a place that is taken to say it, and of a place's time that its words must fill
)
PHONE_SECONDS, PHONE_SHARE = (
    0.03,
    0.5,
)  # of a phone in a place that is taken to say it: the lesser of both, as the track has it


@dataclass(frozen=True)
class Phone:
    """A phone in a recording, in seconds."""

    name: str
    start: float
    end: float


class Transcripts:
    """What is said in some recordings.

    Args:
        clips: the recordings with their words.
    """

    def __init__(self, clips: Iterable[tuple[corpus.Clip, Sequence[Word]]]) -> None:
        listed = list(clips)
        self.speaker_of = {str(clip.path): clip.speaker for clip, _ in listed}
        self._words = {str(clip.path): list(words) for clip, words in listed}
        self._phones = {path: [p for word in words for p in _phones(word)] for path, words in self._words.items()}
        self._ids = {name: k for k, name in enumerate(sorted({p.name for own in self._phones.values() for p in own}))}

    @property
    def phone_count(self) -> int:
        """Phones in all recordings."""
        return sum(map(len, self._phones.values()))

    def same_words(self, one: Hit, other: Hit) -> bool:
        """Whether the same words, one after another, fill half of each place or more."""
        own, its = self._said(one), self._said(other)
        return any(
            _filled(one, own[i : i + k]) and _filled(other, its[j : j + k])
            for i in range(len(own))
            for j in range(len(its))
            if (k := _common(own[i:], its[j:]))
        )

    def across(self, one: Hit, other: Hit) -> bool:
        """Whether two speakers say it."""
        return self.speaker_of[one.path] != self.speaker_of[other.path]

    def distance(self, one: Hit, other: Hit) -> float:
        """The edit distance of the phones of two places, divided by the greater number of phones; 1 for none."""
        own, its = (
            np.array([self._ids[self._phones[hit.path][k].name] for k in self.phones_at(hit)], np.int32)
            for hit in (one, other)
        )
        longest = max(len(own), len(its))
        return edit_distance(own, its) / longest if min(len(own), len(its)) else 1.0

    def phones_at(self, hit: Hit) -> list[int]:
        """The indices of the phones that a place has, within its recording."""
        return [k for k, phone in enumerate(self._phones[hit.path]) if _is_in(phone, hit)]

    def coverage(self, hits: Iterable[Hit]) -> float:
        """The share of all phones that are in one of some places or more."""
        return len({(hit.path, k) for hit in hits for k in self.phones_at(hit)}) / max(1, self.phone_count)

    def _said(self, hit: Hit) -> list[Word]:
        """The words of which half or more is in a place."""
        return [
            word
            for word in self._words[hit.path]
            if _overlap(hit, word.start, word.end) >= WITHIN * (word.end - word.start)
        ]


def _phones(word: Word) -> Iterator[Phone]:
    start = word.start
    for name, seconds in word.phones:
        yield Phone(name, start, start + seconds)
        start += seconds


def _common(one: Sequence[Word], other: Sequence[Word]) -> int:
    """How many words two sequences have in common from their beginning on."""
    count = 0
    while count < min(len(one), len(other)) and one[count].text == other[count].text:
        count += 1
    return count


def _filled(hit: Hit, words: Sequence[Word]) -> bool:
    return _overlap(hit, words[0].start, words[-1].end) >= WITHIN * (hit.end - hit.start)


def _is_in(phone: Phone, hit: Hit) -> bool:
    needed = min(PHONE_SECONDS, PHONE_SHARE * (phone.end - phone.start))
    return _overlap(hit, phone.start, phone.end) >= needed


def _overlap(hit: Hit, start: float, end: float) -> float:
    return min(hit.end, end) - max(hit.start, start)
