"""Fit the linear discriminant that training begins with: `python -m export.look.discriminant`.

To be run after `export.prepare`. Stretches of aligned prose of LibriSpeech `train`, as long as phrases are, are heard
by Whisper's encoder as it hears a detection (`kwsd.second_look.look`), each as it was recorded and once spoiled: with
noise or speech, in a room, or through a codec. A class is a phone between two others (Haeb-Umbach & Ney 1992).
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export import align, augment, codecs, corpus, rooms
from kwsd.errors import KwsdError
from kwsd.second_look.encoder import Encoder
from kwsd.second_look.span import HOP, LEAD, SILENCE, TAIL

SPLIT = "train"
FRAMES = 160_000  # that are heard, and heard again spoiled
DIMENSIONS = 96
LEAST = 20  # frames of a class
LENGTHS = (0.3, 1.5)  # s of a stretch; the word in which it is reached is its last
PAUSE = 0.1  # s between two words of a stretch, at most
NOISE, SPEECH, ROOM = 0.35, 0.1, 0.3  # shares of the ways of spoiling; the rest is coded
Context = tuple[str, str, str]


@dataclass(frozen=True)
class Stretch:
    """A stretch of speech around words.

    Attributes:
        samples: with LEAD before and TAIL after the words, as far as there is audio.
        phones: each with the seconds of the samples at which it starts and ends.
    """

    samples: augment.Samples
    phones: Sequence[tuple[str, float, float]]

    def labels(self) -> Iterator[tuple[int, Context]]:
        """The vectors of the encoder that lie in a phone, and that phone with those beside it."""
        names = ["", *(name for name, _, _ in self.phones), ""]
        for i in range(int(len(self.samples) / corpus.RATE / HOP)):
            middle = (i + 0.5) * HOP
            for j, (name, start, end) in enumerate(self.phones):
                if start <= middle < end:
                    yield i, (names[j], name, names[j + 2])


class Spoiler:
    """Spoils stretches in one way each, drawn at random."""

    def __init__(self, shared: Path, speech: Sequence[augment.Samples], rng: np.random.Generator) -> None:
        cache = corpus.default_cache()
        self._rooms, self._rng, self._speech = rooms.load(cache), rng, speech
        self._noises = [noise for _, noise in corpus.decodable(corpus.clips(shared, "esc10-noise", cache))]

    def __call__(self, x: augment.Samples) -> augment.Samples:
        """The samples [n], spoiled."""
        rng, drawn = self._rng, self._rng.random()
        if drawn < NOISE:
            return augment.mixed(x, self._part(self._noises, len(x)), rng.uniform(5, 20))
        if drawn < NOISE + SPEECH:
            return augment.mixed(x, self._part(self._speech, len(x)), rng.uniform(10, 20))
        if drawn < NOISE + SPEECH + ROOM:
            return augment.filtered(x, rng, 1.0, 0.5, self._rooms)
        codec = codecs.CODECS[int(rng.integers(len(codecs.CODECS)))]
        return codecs.coded(x, codec, int(rng.choice(codec.bits)) if codec.bits else None)

    def _part(self, sounds: Sequence[augment.Samples], size: int) -> augment.Samples:
        sound = sounds[int(self._rng.integers(len(sounds)))]
        return np.resize(sound[self._rng.integers(len(sound) // 2) :], size)


def stretches(recordings: Sequence[tuple[Path, Sequence[align.Word]]], rng: np.random.Generator) -> Iterator[Stretch]:
    """The words of each recording in turn, in stretches of random lengths."""
    for path, words in recordings:
        samples, rest = corpus.read(path), list(words)
        while rest:
            count, wanted = 1, rng.uniform(*LENGTHS)
            while (
                count < len(rest)
                and rest[count].start - rest[count - 1].end < PAUSE
                and rest[count - 1].end - rest[0].start < wanted
            ):
                count += 1
            run, rest = rest[:count], rest[count:]
            first = max(0, round((run[0].start - LEAD) * corpus.RATE))
            heard = samples[first : round((run[-1].end + TAIL) * corpus.RATE)]
            origin = first / corpus.RATE
            sounds = [(name, start - origin, end - origin) for word in run for name, start, end in word.sounds()]
            yield Stretch(heard, sounds)


def discriminant(
    vectors: Sequence[NDArray[np.float32]], labels: Sequence[Context]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean [w] and the projection [w, DIMENSIONS] that tells classes apart best, of deviation 1 within a class.

    Args:
        vectors: [n, w] of the same frames, heard in several ways.
        labels: of each frame; classes of fewer than LEAST are left out.
    """
    counts = Counter(labels)
    classes = {label: i for i, label in enumerate(label for label, count in counts.items() if count >= LEAST)}
    of = np.array([classes.get(label, -1) for label in labels])
    known = np.concatenate([one[of >= 0] for one in vectors]).astype(np.float64)
    of = np.tile(of[of >= 0], len(vectors))
    sums = np.zeros((len(classes), known.shape[1]))
    np.add.at(sums, of, known)
    within = np.cov((known - (sums / np.bincount(of)[:, None])[of]).T)
    values, axes = np.linalg.eigh(within)
    whitened = axes / np.sqrt(np.maximum(values, 1e-6 * values[-1]))
    _, directions = np.linalg.eigh(whitened.T @ np.cov(known.T) @ whitened)
    return known.mean(axis=0), whitened @ directions[:, : -DIMENSIONS - 1 : -1]


def path_of(cache: Path) -> Path:
    """Where the discriminant is kept."""
    return cache / "train" / "discriminant.npz"


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option("--seed", default=20261128, show_default=True)
def main(shared: Path, seed: int) -> None:
    """Learn what tells phones apart in the vectors of the second look's encoder."""
    cache, rng = corpus.default_cache(), np.random.default_rng(seed)
    try:
        folder = corpus.unpack(shared, "librispeech", cache)
        words: defaultdict[Path, list[align.Word]] = defaultdict(list)
        for place, word in align.words(cache, "librispeech", SPLIT):
            words[folder / place].append(word)
        recordings = sorted(words.items())
        random.Random(seed).shuffle(recordings)
        encoder = Encoder()
        spoil = Spoiler(shared, [corpus.read(path) for path, _ in recordings[:40]], rng)
        clean: list[NDArray[np.float32]] = []
        spoiled: list[NDArray[np.float32]] = []
        labels: list[Context] = []
        silence = np.zeros(round(SILENCE * corpus.RATE), np.float32)
        with tqdm(total=FRAMES, unit="frame") as progress:
            for stretch in stretches(recordings, rng):
                rows, found = zip(*stretch.labels(), strict=True)
                for samples, heard in ((stretch.samples, clean), (spoil(stretch.samples), spoiled)):
                    heard.append(encoder(np.concatenate([samples, silence]).astype(np.float32))[list(rows)])
                labels += found
                progress.update(len(found))
                if len(labels) >= FRAMES:
                    break
    except (corpus.CorpusError, KwsdError) as error:
        raise click.ClickException(str(error)) from error
    mean, projection = discriminant([np.concatenate(clean), np.concatenate(spoiled)], labels)
    out = path_of(cache)
    with out.open("wb") as file:
        np.savez(file, mean=mean.astype(np.float32), projection=projection.astype(np.float16))
    click.echo(f"{out}: {len(labels)} frames, each heard twice, of {len(set(labels))} phones in their contexts")


if __name__ == "__main__":
    main()
