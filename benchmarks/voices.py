"""What frames, codes and tokens give away about who speaks: `python -m benchmarks.voices`; figures in docs/security.md.

A linear classifier learns the speakers of read prose and is tried on other speech of theirs: of another chapter, which
was recorded another time, and of the same one, where the room and the microphone help it. A stretch of speech is
described by the mean and the deviation of its vectors, or by how often each token occurs. The classifier is a simple
one: what it finds is given away, and a better one finds more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks import options
from benchmarks.corpora import RATE, Clip, Samples, clips, read
from benchmarks.tables import table
from kwsd.archive.segments.decoded import vectors_of
from kwsd.archive.segments.quantizer import Codes, Quantizer
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

SPEAKERS, SECONDS = 100, 40.0  # at most, and to learn from, and to try
STRETCHES = (1.0, 10.0)  # s: a phrase, and two sentences
BANDS, WINDOW, STEP = 40, 512, 160  # of a spectrum as a speaker recogniser begins with
SMOOTHING = 0.1  # share of the mean variance that is added to each direction's

Features = NDArray[np.float64]


@dataclass(frozen=True)
class Voice:
    """Speech of one speaker [n], to learn from and to try."""

    learned: Samples
    tried: Samples


@dataclass(frozen=True)
class Stretch:
    """A stretch of speech, and the frames of it alone."""

    samples: Samples
    frames: Frames


Describe = Callable[[Stretch], Features]
"""A stretch to its features [f]."""


def voices(shared: Path) -> dict[str, list[Voice]]:
    """Speakers whose speech to try is of another chapter, and of the same one."""
    chapters: defaultdict[str, defaultdict[str, list[Clip]]] = defaultdict(lambda: defaultdict(list))
    for clip in [*clips(shared, "librispeech", "dev"), *clips(shared, "librispeech", "train")]:
        chapters[clip.speaker][clip.path.name.split("-")[1]].append(clip)
    long = [[one for one in several.values() if _seconds(one) >= 2 * SECONDS] for several in chapters.values()]
    return {
        "another chapter": [Voice(_samples(one), _samples(other)) for one, other, *_ in _at_least(long, 2)],
        "the same chapter": [Voice(*_halves(_samples(one, 2 * SECONDS))) for one, *_ in _at_least(long, 1)],
    }


def describers(tokenizer: Tokenizer) -> dict[str, Describe]:
    """The ways to describe a stretch, by what kwsd keeps it in."""

    def codes(stretch: Stretch) -> Features:
        quantizer = Quantizer(tokenizer.codebook, len(tokenizer.codebook.stages), vectors=False)
        codes = Codes.join([quantizer.push(stretch.frames), quantizer.flush()])
        return _statistics(vectors_of(codes, tokenizer.codebook))

    def tokens(stretch: Stretch) -> Features:
        counts = np.bincount(stretch.frames.tokens, minlength=len(tokenizer.codebook))
        shares: Features = np.sqrt(counts / counts.sum())
        return shares

    return {
        "recording (its spectrum)": lambda stretch: _statistics(_spectrum(stretch.samples)),
        "template (vectors)": lambda stretch: _statistics(stretch.frames.vectors),
        "index or token log (codes)": codes,
        "tokens alone": tokens,
    }


def recognised(learned: Sequence[Features], tried: Sequence[Features]) -> float:
    """The share of the stretches tried whose speaker is found; of each speaker the features [n, f] of n stretches."""
    means = np.array([rows.mean(axis=0) for rows in learned])
    within = np.concatenate([rows - mean for rows, mean in zip(learned, means, strict=True)])
    covariance = within.T @ within / len(within)
    covariance += SMOOTHING * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    weights = np.linalg.solve(covariance, means.T)
    offsets = (means * weights.T).sum(axis=1) / 2
    right = [(rows @ weights - offsets).argmax(axis=1) == speaker for speaker, rows in enumerate(tried)]
    return float(np.mean(np.concatenate(right)))


def _at_least(several: list[list[list[Clip]]], chapters: int) -> list[list[list[Clip]]]:
    return [one for one in several if len(one) >= chapters][:SPEAKERS]


def _seconds(chapter: Sequence[Clip]) -> float:
    return sum(clip.seconds for clip in chapter)


def _samples(chapter: Sequence[Clip], seconds: float = SECONDS) -> Samples:
    """The beginning of a chapter."""
    parts, held = [], 0.0
    for clip in chapter:
        parts.append(read(clip.path))
        held += len(parts[-1]) / RATE
        if held >= seconds:
            break
    return np.concatenate(parts)[: int(seconds * RATE)]


def _halves(samples: Samples) -> tuple[Samples, Samples]:
    return samples[: len(samples) // 2], samples[len(samples) // 2 :]


def _stretches(samples: Samples, seconds: float, tokenizer: Tokenizer) -> Iterator[Stretch]:
    size = int(seconds * RATE)
    for first in range(0, len(samples) - size + 1, size):
        part = samples[first : first + size]
        tokenizer.reset()
        yield Stretch(part, Frames.join([tokenizer.push(part), tokenizer.flush()]))


def _statistics(vectors: NDArray[np.floating]) -> Features:
    return np.concatenate([vectors.mean(axis=0), vectors.std(axis=0)]).astype(np.float64)


def _spectrum(samples: Samples) -> NDArray[np.float64]:
    """The logarithmic energies [n, BANDS] of bands that widen as the mel scale does."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::STEP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = 700 * (10 ** (np.linspace(0, np.log10(1 + RATE / 2 / 700), BANDS + 2)) - 1) / RATE * WINDOW
    bins = np.arange(power.shape[1])
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    energies: NDArray[np.float64] = np.log(power @ np.maximum(np.minimum(rising, falling), 0).T + 1e-8)
    return energies


@click.command()
@options.shared
def main(shared: Path) -> None:
    """Recognise speakers by what kwsd keeps of them."""
    tokenizer, columns = Tokenizer(), []
    known = describers(tokenizer)
    for place, speakers in voices(shared).items():
        for seconds in STRETCHES:
            learned = [list(_stretches(one.learned, seconds, tokenizer)) for one in speakers]
            tried = [list(_stretches(one.tried, seconds, tokenizer)) for one in speakers]
            shares = [recognised(*(_described(part, known[name]) for part in (learned, tried))) for name in known]
            columns.append((f"{place}, {len(speakers)} speakers, {seconds:g} s", *shares, 1 / len(speakers)))
    titles, *rows = zip(("the speaker is found in", *known, "chance"), *columns, strict=True)
    click.echo(table(titles, [(name, *(f"{100 * share:.0f} %" for share in shares)) for name, *shares in rows]))


def _described(speakers: Sequence[Sequence[Stretch]], describe: Describe) -> list[Features]:
    return [np.array([describe(stretch) for stretch in stretches]) for stretches in speakers]


if __name__ == "__main__":
    main()
