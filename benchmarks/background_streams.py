"""Background streams of pieces with known text, so that pieces that hold the keyword itself can be left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.measures import frames_of
from kwsd.spotting.score_track import ScoreTrack
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

AFTER = 0.5  # seconds after a piece in which a template may still end on its last word
LONG_ENOUGH = 4  # letters from which a word within another counts as the same: "downstairs" holds "down"
ALSO = {  # other forms of the short words, and what sounds the same
    "go": {"goes", "going", "gone", "goer", "goin'"},
    "no": {"know", "knows", "no's", "noes"},
    "on": {"on't"},
    "off": {"offs"},
    "up": {"ups", "up's"},
    "yes": {"yes'm", "yeses"},
    "right": {"write", "writes", "writing", "rite", "rites", "wright"},
    "left": set(),
}


def holds(text: str, word: str) -> bool:
    """Whether a text has the word in it, in any of its forms."""
    spoken = text.lower()
    if " " in word:
        return word in spoken
    near = {word, f"{word}s", f"{word}'s", *ALSO.get(word, set())}
    return any(w in near or (len(word) >= LONG_ENOUGH and word in w) for w in spoken.split())


@dataclass(frozen=True)
class Stream:
    """A background of known words.

    Attributes:
        name: what it is.
        frames: one unbroken stream.
        pieces: the text of each piece of it, and the seconds between which it lies.
        hop: seconds between frames.
    """

    name: str
    frames: Frames
    pieces: list[tuple[str, float, float]]
    hop: float

    def counted(self, word: str) -> NDArray[np.bool_]:
        """[n] the frames that do not belong to pieces which hold the word."""
        keep = np.ones(len(self.frames), bool)
        for text, start, end in self.pieces:
            if holds(text, word):
                first, last = np.searchsorted(self.frames.time, (start, end + AFTER))
                keep[first:last] = False
        return keep

    def hours(self, word: str) -> float:
        """How much of it is counted for a word."""
        return float(self.counted(word).sum()) * self.hop / 3600

    def without(self, word: str, track: ScoreTrack) -> ScoreTrack:
        """A track on this stream in which nothing can be detected where the word may be."""
        return replace(track, distance=np.where(self.counted(word)[:, None], track.distance, np.inf))


@dataclass
class _Pieces:
    """Samples of clips in turn, while it is written down where each lies."""

    clips: Iterable[tuple[str, NDArray[np.float32]]]
    spans: list[tuple[str, float, float]] = field(default_factory=list)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        end = 0.0
        for text, samples in self.clips:
            start, end = end, end + len(samples) / corpora.RATE
            self.spans.append((text, start, end))
            yield samples


def stream(name: str, tokenizer: Tokenizer, clips: Iterable[tuple[str, NDArray[np.float32]]]) -> Stream:
    """One stream of texts and their samples, heard once."""
    pieces = _Pieces(clips)
    frames = frames_of(tokenizer, tqdm(pieces, desc=name, unit="clip"))
    return Stream(name, frames, pieces.spans, tokenizer.hop)


def readable(clips: Iterable[corpora.Clip]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Texts and samples of the clips that can be decoded."""
    return ((clip.text, samples) for clip, samples in corpora.decodable(clips))


def prose(tokenizer: Tokenizer, clips: Iterable[corpora.Clip]) -> Stream:
    """Read prose in manifest order, the protocol's background."""
    return stream("read prose", tokenizer, readable(clips))
