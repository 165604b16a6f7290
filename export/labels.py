"""What is said where in the prepared streams: words, for pairs across speakers, and phones, frame by frame."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export import align, corpus
from export.model import DELAY, HOP, RATE

SILENCE = "SIL"
PHONES = (
    SILENCE,
    *("AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH"),
    *("K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH"),
)  # ARPAbet
UNKNOWN = -1
PAUSE = 0.1  # seconds between two words of a phrase, at most
EDGE = 0.12  # seconds at both ends of a recording that may hold a clipped sound

# Never paired, so that what they show later was not learned from them: the words that Speech Commands is judged by, and
# the last speakers of the corpora of single words.
HELD_OUT_WORDS = frozenset({"yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"})
HELD_OUT_SPEAKERS = frozenset(
    {"dsp24", "dsp26", "dsp27", "dsp31", "dsp32", "dsp33", "ar00000028", "ar00000029", "ar00000030"}
)
SINGLE = ("speech-commands", "dspspeech", "arabic-commands")  # corpora of one word a clip


@dataclass(frozen=True)
class Spoken:
    """A word in a stream.

    Attributes:
        stream: index of the stream.
        start, end: its first frame and the frame after its last.
        speaker: who said it.
        word: with its corpus in front where words of different corpora are not the same.
        withheld: it is known to be there, but not used as a template.
    """

    stream: int
    start: int
    end: int
    speaker: str
    word: str
    withheld: bool


def frame_at(seconds: float) -> int:
    """The first frame that describes speech at or after a time in the stream."""
    return math.ceil((seconds + DELAY) * RATE / HOP - 1)


def withheld(entry: corpus.Entry) -> bool:
    """Whether what is said in a clip must not be learned."""
    word = entry.corpus == "speech-commands" and entry.text in HELD_OUT_WORDS
    return word or entry.speaker in HELD_OUT_SPEAKERS


class Labels:
    """The words and phones of the prepared streams.

    Args:
        cache: holds the streams, their indices and the alignments.
        stems: the streams' names, in the order in which they are numbered.

    Attributes:
        spoken: every known word of every stream.
        phones: [frames] int8 of each stream, an index into PHONES, or UNKNOWN.
        spellings: the phones of each word of every aligned word and phrase of two words, by its text.

    Raises:
        CorpusError: something was not prepared.
    """

    def __init__(self, cache: Path, stems: Sequence[str]) -> None:
        self._aligned = _aligned(cache)
        self.spoken: list[Spoken] = []
        self.phones: list[NDArray[np.int8]] = []
        self.spellings: dict[str, tuple[tuple[str, ...], ...]] = {}
        for number, stem in enumerate(stems):
            pcm, speed = corpus.stream(cache, stem), float(stem.split("-")[1])
            phones = np.full(len(pcm) // HOP, UNKNOWN, np.int8)
            for entry in corpus.index(cache, stem):
                self.spoken += self._words(entry, number, speed, pcm)
                if not withheld(entry):
                    self._spell(entry, speed, phones)
            self.phones.append(phones)

    def _words(self, entry: corpus.Entry, stream: int, speed: float, pcm: NDArray[np.int16]) -> Iterator[Spoken]:
        begin = entry.first / RATE
        if entry.corpus in SINGLE:
            start, end = align.loud_span(corpus.to_float(pcm[entry.first : entry.first + entry.samples]))
            spans = [(f"{entry.corpus}/{entry.text}", start, end)]
        else:
            spans = [
                (self._spelled(words), words[0].start / speed, words[-1].end / speed)
                for words in _runs(self._aligned.get(entry.path, ()))
            ]
        for word, start, end in spans:
            first, after = frame_at(begin + start), frame_at(begin + end)
            yield Spoken(stream, first, max(after, first + 1), entry.speaker, word, withheld(entry))

    def _spelled(self, words: Sequence[align.Word]) -> str:
        """The text of words, whose phones are written down."""
        text = " ".join(word.text for word in words)
        self.spellings[text] = tuple(tuple(phone for phone, _ in word.phones) for word in words)
        return text

    def _spell(self, entry: corpus.Entry, speed: float, phones: NDArray[np.int8]) -> None:
        words = self._aligned.get(entry.path)
        if not words:
            return
        begin, length = entry.first / RATE, entry.samples / RATE
        phones[frame_at(begin + EDGE) : frame_at(begin + length - EDGE)] = PHONES.index(SILENCE)
        for word in words:
            at = begin + word.start / speed
            for phone, seconds in word.phones:
                phones[frame_at(at) : frame_at(at + seconds / speed)] = PHONES.index(phone)
                at += seconds / speed


def _runs(words: Sequence[align.Word]) -> Iterator[Sequence[align.Word]]:
    """Each word, and each two words that follow one another without a pause."""
    for i, word in enumerate(words):
        yield (word,)
        if i and word.start - words[i - 1].end < PAUSE:
            yield words[i - 1 : i + 1]


def _aligned(cache: Path) -> dict[str, list[align.Word]]:
    """The words of each aligned clip, by its path below the folder of corpora."""
    found: dict[str, list[align.Word]] = defaultdict(list)
    for name in align.TRANSCRIBED:
        for path, word in align.words(cache, name):
            found[f"{name}/{path}"].append(word)
    return found
