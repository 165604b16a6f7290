"""Phrases to enrol, and others that sound almost alike: minimal pairs cut from aligned prose."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from tqdm import tqdm

from benchmarks import corpora
from benchmarks.corpora import RATE, Samples
from export import align
from export.near import Phones, neighbours
from export.spoken_queries import PAUSE, Said, aligned_clips
from kwsd.tokenizer.frames import Frames

SPLITS = ("train", "dev")  # the second of which the model was not trained on
RECORDINGS = 5  # enrolled, each by another speaker
LEAST_HITS, MOST_HITS = 3, 10  # of a phrase, by other speakers
PER_TEXT, MOST_NEAR = 5, 25  # recordings of one near phrase, and of all of a phrase, at most
PHONES_OF_WORD, PHONES_OF_PHRASE = 5, 6  # of a phrase to enrol, at least
BEFORE, AFTER = 1.0, 0.6  # seconds of its recording that a phrase is cut out with


@dataclass(frozen=True)
class Trial:
    """A phrase to enrol, and what it is tried on.

    Attributes:
        text: the phrase.
        enrol: recordings of it, by as many speakers.
        hits: recordings of it by others.
        near: recordings of phrases that sound almost alike, by others.
        negatives: recordings of the same phrases that are enrolled as what must not be detected.
    """

    text: str
    enrol: tuple[Said, ...]
    hits: tuple[Said, ...]
    near: tuple[Said, ...]
    negatives: tuple[Said, ...] = ()

    @property
    def said(self) -> tuple[Said, ...]:
        """All of them."""
        return (*self.enrol, *self.hits, *self.near, *self.negatives)


def with_negatives(trial: Trial) -> Trial:
    """The trial in which one recording of each near phrase is a negative, and the others are tried."""
    negatives = {one.label: one for one in reversed(trial.near)}
    chosen = tuple(negatives.values())
    return replace(trial, near=tuple(one for one in trial.near if one not in chosen), negatives=chosen)


@dataclass(frozen=True)
class Heard:
    """A phrase and what is around it, as samples and as frames; seconds between which the phrase lies."""

    samples: Samples
    frames: Frames
    start: float
    end: float


def hear(trials: Sequence[Trial], encode: Callable[[Samples], Frames]) -> dict[Said, Heard]:
    """Every recording of some trials, heard once.

    Args:
        trials: what is said, and where.
        encode: samples [n] at 16 kHz to the frames of a stream of their own.
    """
    heard = {}
    order = sorted({one for trial in trials for one in trial.said}, key=lambda one: (one.path, one.start, one.end))
    for path, group in groupby(tqdm(order, desc="phrases", unit="phrase"), key=lambda one: one.path):
        samples = corpora.read(path)
        for one in group:
            first = max(0, int((one.start - BEFORE) * RATE))
            around = samples[first : int((one.end + AFTER) * RATE)]
            heard[one] = Heard(around, encode(around), one.start - first / RATE, one.end - first / RATE)
    return heard


def prose(shared: Path, unheard: bool = False, seed: int = 7) -> list[Trial]:
    """Words and phrases of two words of LibriSpeech that enough speakers say, each with its near ones.

    Args:
        shared: the folder that holds corpus/librispeech.tar.
        unheard: try phrases on the speech alone that the model was not trained on.
        seed: of what is drawn.

    Raises:
        CorpusError: the corpus is not there, or the aligner is not installed.
    """
    said, spellings = _spoken(shared)
    near = neighbours({text: phones for text, phones in spellings.items() if " " not in text or len(said[text]) > 1})
    tested = {clip.speaker for split in SPLITS[unheard:] for clip in corpora.clips(shared, "librispeech", split)}
    rng, trials = random.Random(seed), []
    for text in sorted(near):
        if sum(map(len, spellings[text])) >= (PHONES_OF_PHRASE if " " in text else PHONES_OF_WORD):
            trial = drawn(said[text], [said[other] for other in near[text]], tested, rng)
            trials += [trial] if trial else []
    return trials


def _spoken(shared: Path) -> tuple[dict[str, list[Said]], dict[str, tuple[Phones, ...]]]:
    """Where each word and each two words without a pause are said, and how they are pronounced most of the time."""
    said, ways = defaultdict[str, list[Said]](list), defaultdict[str, Counter[tuple[Phones, ...]]](Counter)
    for clip, words in aligned_clips(shared, corpora.default_cache(), SPLITS):
        for run in _runs(words):
            text = " ".join(word.text for word in run)
            said[text].append(Said(text, clip.path, clip.speaker, run[0].start, run[-1].end))
            ways[text][tuple(tuple(phone for phone, _ in word.phones) for word in run)] += 1
    return said, {text: counts.most_common(1)[0][0] for text, counts in ways.items()}


def _runs(words: Sequence[align.Word]) -> Iterator[Sequence[align.Word]]:
    for i, word in enumerate(words):
        yield (word,)
        if i and word.start - words[i - 1].end <= PAUSE:
            yield words[i - 1 : i + 1]


def drawn(said: Sequence[Said], near: Sequence[Sequence[Said]], tested: Set[str], rng: random.Random) -> Trial | None:
    """The trial of a phrase, or none if it is not said often enough.

    Args:
        said: where the phrase is said.
        near: where each near phrase is.
        tested: speakers whom it is tried on, if they do not enrol.
        rng: draws who enrols, and what it is tried on.
    """
    order = rng.sample(said, len(said))
    enrol = tuple({one.speaker: one for one in order}.values())[:RECORDINGS]
    others = tested - {one.speaker for one in enrol}
    hits = [one for one in order if one.speaker in others][:MOST_HITS]
    usable = [[one for one in group if one.speaker in others and not _beside(one, said)] for group in near]
    few = [one for group in usable for one in rng.sample(group, min(PER_TEXT, len(group)))]
    if len(enrol) < RECORDINGS or len(hits) < LEAST_HITS or not few:
        return None
    return Trial(said[0].label, enrol, tuple(hits), tuple(rng.sample(few, min(MOST_NEAR, len(few)))))


def _beside(one: Said, said: Sequence[Said]) -> bool:
    """Whether the phrase itself is said in what a near one is cut out with."""
    return any(own.path == one.path and own.start < one.end + AFTER and own.end > one.start - BEFORE for own in said)
