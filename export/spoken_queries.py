"""Queries for archive search: words and phrases of real speech with known times, and where each is said again."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from export import align, corpus
from kwsd.archive import Hit, Query
from kwsd.tokenizer.codebook import merged
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

PHONES_OF_WORD, PHONES_OF_PHRASE = 5, 7  # at least
LONGEST_PHRASE = 3  # words
PAUSE = 0.15  # seconds at most between the words of a phrase
PER_LABEL = 2  # queries at most that ask for the same words
OVERLAP = 0.5  # of the shorter of a hit and the truth


@dataclass(frozen=True)
class Said:
    """Words in a recording: the absolute path of its file, the speaker, and seconds within it."""

    label: str
    path: Path
    speaker: str
    start: float
    end: float

    def is_at(self, path: Path, start: float, end: float) -> bool:
        """Whether a hit is these words."""
        common = min(end, self.end) - max(start, self.start)
        return path == self.path and common > OVERLAP * min(end - start, self.end - self.start)


def judged(hits: Iterable[Hit], answers: Iterable[Said]) -> Iterator[tuple[Hit, bool]]:
    """Each hit, and whether it is one of the answers; a second hit at the same place is not."""
    left = list(answers)
    for hit in hits:
        match = next((said for said in left if said.is_at(Path(hit.path), hit.start, hit.end)), None)
        if match:
            left.remove(match)
        yield hit, match is not None


class Templates:
    """Queries cut out of recordings, each heard once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._heard: dict[Path, Frames] = {}

    def query(self, said: Sequence[Said]) -> Query:
        """These words as they were said."""
        templates = tuple(merged(self.frames(one.path).between(one.start, one.end).vectors) for one in said)
        return Query(said[0].label, self._tokenizer.digest, templates)

    def frames(self, path: Path) -> Frames:
        """A recording's frames, heard once."""
        if path not in self._heard:
            self._tokenizer.reset()
            self._heard[path] = Frames.join([self._tokenizer.push(corpus.read(path)), self._tokenizer.flush()])
        return self._heard[path]


@dataclass(frozen=True)
class Truth:
    """All that is said in some recordings."""

    said: dict[str, list[Said]]

    def relevant(self, label: str, speakers: set[str]) -> list[Said]:
        """Where other speakers than these say it."""
        return [one for one in self.said[label] if one.speaker not in speakers]

    def queries(self, count: int, speakers: set[str], voices: int = 1, seed: int = 7) -> list[tuple[Said, ...]]:
        """Drawn queries of so many recordings each, by as many of these speakers, that somebody else answers."""
        rng, times = random.Random(seed), Counter[str]()
        drawn: list[tuple[Said, ...]] = []
        pool = [one for label in sorted(self.said) for one in self.said[label] if one.speaker in speakers]
        rng.shuffle(pool)
        for one in pool:
            query = self._beside(one, speakers, voices, rng)
            if len(query) < voices or not self.relevant(one.label, {said.speaker for said in query}):
                continue
            times[one.label] += 1
            if times[one.label] <= PER_LABEL:
                drawn.append(query)
            if len(drawn) == count:
                break
        return drawn

    def alone(self, count: int, speakers: set[str], seed: int = 7) -> list[Said]:
        """Drawn queries of one recording by these speakers that nobody else answers."""
        pool = [
            said[0]
            for _, said in sorted(self.said.items())
            if len({one.speaker for one in said}) == 1 and said[0].speaker in speakers
        ]
        return random.Random(seed).sample(pool, min(count, len(pool)))

    def _beside(self, one: Said, speakers: set[str], voices: int, rng: random.Random) -> tuple[Said, ...]:
        """A recording and others of the same words by other speakers."""
        by_speaker = {said.speaker: said for said in self.said[one.label] if said.speaker in speakers}
        others = [said for speaker, said in sorted(by_speaker.items()) if speaker != one.speaker]
        rng.shuffle(others)
        return (one, *others[: voices - 1])


def aligned(shared: Path, cache: Path, splits: Sequence[str]) -> tuple[list[corpus.Clip], Truth, Truth]:
    """The clips of LibriSpeech whose words have times, where their long words are, and where their phrases are."""
    clips, words, phrases = [], defaultdict[str, list[Said]](list), defaultdict[str, list[Said]](list)
    for clip, found in aligned_clips(shared, cache, splits):
        clips.append(clip)
        for one in _words(clip, found):
            words[one.label].append(one)
        for one in _phrases(clip, found):
            phrases[one.label].append(one)
    return clips, Truth(words), Truth(phrases)


def aligned_clips(
    shared: Path, cache: Path, splits: Sequence[str]
) -> Iterator[tuple[corpus.Clip, Sequence[align.Word]]]:
    """The clips of LibriSpeech whose words have times, in the order of its table, with their words."""
    for split in splits:
        align.align(shared, cache, "librispeech", split)
        yield from align.spoken(shared, cache, "librispeech", split)


def _words(clip: corpus.Clip, words: Sequence[align.Word]) -> list[Said]:
    long = [word for word in words if len(word.phones) >= PHONES_OF_WORD]
    return [Said(word.text, clip.path, clip.speaker, word.start, word.end) for word in long]


def _phrases(clip: corpus.Clip, words: Sequence[align.Word]) -> list[Said]:
    found = []
    for first in range(len(words)):
        for last in range(first + 1, min(first + LONGEST_PHRASE, len(words))):
            if words[last].start - words[last - 1].end > PAUSE:
                break
            run = words[first : last + 1]
            if sum(len(word.phones) for word in run) >= PHONES_OF_PHRASE:
                label = " ".join(word.text for word in run)
                found.append(Said(label, clip.path, clip.speaker, run[0].start, run[-1].end))
    return found
