"""When each word and phone of a known text is spoken: forced alignment by pocketsphinx, whose wheel brings its model.

`export.prepare` aligns what training needs; `python -m export.align` aligns the development speech, which benchmarks
need. Tables are written to `align/CORPUS-SPLIT.tsv` below the cache. An alignment is kept only if its first and last
word agree with where the recording is loud: forced alignment always answers, and where it went astray it is far off.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export import corpus

TRANSCRIBED = ("librispeech", "ljspeech", "speech-commands", "dspspeech")
SLACK = 0.3  # seconds by which the first and the last word may disagree with the energy
LOUD = 20.0  # decibels below the loudest twentieth at which speech is taken to end
BLOCK = 320  # samples, 20 ms
FRAME = 0.01  # seconds of the aligner's frames
SHORTEST_PART = 3  # letters of the parts that an unknown word may be put together from


@dataclass(frozen=True)
class Word:
    """A word in a recording.

    Attributes:
        text: in lower case.
        start: seconds within the recording.
        phones: its phones (ARPAbet) and how long each lasts in seconds.
    """

    text: str
    start: float
    phones: tuple[tuple[str, float], ...]

    @property
    def end(self) -> float:
        """Seconds within the recording."""
        return self.start + sum(seconds for _, seconds in self.phones)

    def sounds(self) -> Iterator[tuple[str, float, float]]:
        """Each phone with the seconds within the recording at which it starts and ends."""
        start = self.start
        for name, seconds in self.phones:
            yield name, start, start + seconds
            start += seconds


class Aligner:
    """Finds the words of a known text in a recording."""

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder  # noqa: PLC0415 - an extra, needed by no other module
        except ImportError:
            raise corpus.CorpusError("the aligner is not installed: pip install pocketsphinx==5.1.1") from None
        self._decoder: Any = Decoder(lm=None, loglevel="FATAL")

    def __call__(self, samples: NDArray[np.float32], text: str) -> list[Word]:
        """The words with their times, or nothing where the text cannot be aligned or must not be believed."""
        words = re.findall(r"[a-z']+", text.lower())
        if not words or not all(self._known(word) for word in words):
            return []
        found = self._aligned(samples, words)
        return found if [w.text for w in found] == words and _plausible(found, samples) else []

    def _aligned(self, samples: NDArray[np.float32], words: Sequence[str]) -> list[Word]:
        """Words first, then the phones within them."""
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes()
        try:
            self._decoder.set_align_text(" ".join(words))
            self._listen(pcm)
            self._decoder.set_alignment()
            self._listen(pcm)
            alignment = self._decoder.get_alignment()
        except RuntimeError:  # no path through the text was found
            return []
        # An alignment's entries are valid only while it is walked through.
        return [
            Word(w.name.split("(")[0], w.start * FRAME, tuple((p.name, p.duration * FRAME) for p in w))
            for w in (alignment.words() if alignment else ())
            if w.name[0] not in "<[+"
        ]

    def _listen(self, pcm: bytes) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()

    def _known(self, word: str) -> bool:
        """Whether the word has a pronunciation, if need be that of two words that it is put together from."""
        if self._decoder.lookup_word(word):
            return True
        for cut in range(SHORTEST_PART, len(word) - 1):
            parts = [self._decoder.lookup_word(part) for part in (word[:cut], word[cut:])]
            if all(parts):
                self._decoder.add_word(word, " ".join(parts), True)
                return True
        return False


def _plausible(words: Sequence[Word], samples: NDArray[np.float32]) -> bool:
    start, end = loud_span(samples)
    return abs(words[0].start - start) <= SLACK and abs(words[-1].end - end) <= SLACK


def loud_span(samples: NDArray[np.float32]) -> tuple[float, float]:
    """Seconds between which a recording is within LOUD decibels of its loud parts."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    decibels = 10 * np.log10(np.mean(blocks**2, axis=1) + 1e-10)
    loud = np.flatnonzero(decibels > np.percentile(decibels, 95) - LOUD)
    return float(loud[0]) * BLOCK / corpus.RATE, float(loud[-1] + 1) * BLOCK / corpus.RATE


@lru_cache(maxsize=1)
def _aligner() -> Aligner:
    return Aligner()


def _words(clip: corpus.Clip) -> list[Word]:
    try:
        return _aligner()(corpus.read(clip.path), clip.text)
    except corpus.CorpusError as error:
        if clip.path.exists():
            return []
        raise error


def path_of(cache: Path, name: str, split: str) -> Path:
    """Where the words of a corpus are kept."""
    return cache / "align" / f"{name}-{split}.tsv"


def align(shared: Path, cache: Path, name: str, split: str) -> Path:
    """Align a corpus once; the table appears only when whole."""
    out = path_of(cache, name, split)
    if not out.exists():
        clips = [clip for clip in corpus.clips(shared, name, cache, split) if clip.text and clip.language == "en"]
        write(out, clips, corpus.unpack(shared, name, cache))
    return out


def write(out: Path, clips: Sequence[corpus.Clip], folder: Path) -> None:
    """Align clips of a folder, and write the table; it appears only when whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    with part.open("w", newline="") as file, ProcessPoolExecutor() as pool:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["path", "word", "start", "phones"])
        found = pool.map(_words, clips, chunksize=8)
        for clip, words in zip(clips, tqdm(found, total=len(clips), desc=f"align {out.stem}"), strict=True):
            place = clip.path.relative_to(folder)
            table.writerows([place, w.text, f"{w.start:.2f}", _spelled(w.phones)] for w in words)
    part.replace(out)


def words(cache: Path, name: str, split: str = "train") -> Iterator[tuple[str, Word]]:
    """Every aligned word of a corpus with the path of its clip, as `align` wrote them.

    Raises:
        CorpusError: the corpus was not aligned.
    """
    path = path_of(cache, name, split)
    if not path.exists():
        step = "prepare" if split == "train" else "align"
        raise corpus.CorpusError(f"{path} is not there: run `python -m export.{step}` first")
    with path.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield row["path"], Word(row["word"], float(row["start"]), _read(row["phones"]))


def spoken(shared: Path, cache: Path, name: str, split: str) -> Iterator[tuple[corpus.Clip, list[Word]]]:
    """The clips of an aligned corpus that have words with times, in the order of its manifest, with these.

    Raises:
        CorpusError: the corpus is not there or was not aligned.
    """
    return beside(corpus.clips(shared, name, cache, split), corpus.unpack(shared, name, cache), cache, name, split)


def beside(
    clips: Iterable[corpus.Clip], folder: Path, cache: Path, name: str, split: str
) -> Iterator[tuple[corpus.Clip, list[Word]]]:
    """The clips of a folder that have words in a table, in the order of the clips, with these; see `spoken`."""
    found = defaultdict[str, list[Word]](list)
    for path, word in words(cache, name, split):
        found[path].append(word)
    for clip in clips:
        own = found.get(str(clip.path.relative_to(folder)))
        if own:
            yield clip, own


def _spelled(phones: Sequence[tuple[str, float]]) -> str:
    return " ".join(f"{name}:{seconds:.2f}" for name, seconds in phones)


def _read(spelled: str) -> tuple[tuple[str, float], ...]:
    pairs = [phone.split(":") for phone in spelled.split()]
    return tuple((name, float(seconds)) for name, seconds in pairs)


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
def main(shared: Path) -> None:
    """Find the words of the development speech."""
    cache = corpus.default_cache()
    try:
        align(shared, cache, "librispeech", "dev")
    except corpus.CorpusError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
