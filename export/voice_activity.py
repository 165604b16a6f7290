"""Make the discriminant of speech that ships: `python -m export.voice_activity`, after `export.to_onnx`.

Speech is what is within words of LibriSpeech, and what is loud in clips of other corpora, in other languages and over
the telephone. Pauses of LibriSpeech, noises of ESC-10, and synthetic silence, noise and hum are no speech.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export import align, corpus
from kwsd.errors import KwsdError
from kwsd.tokenizer.codebook import MERGED, merged
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer
from kwsd.tokenizer.voice_activity import VoiceActivity

LOUD = ("arabic-commands", "dspspeech", "telephone", "speech-commands")
BESIDE = 0.1  # s from a word or from what is loud, within which nothing is said about a frame
WINDOW = 6  # vectors whose mean is to be above 0 in speech and below in all else: 0.48 s
KEPT = 5.0  # percent of the windows without speech that are above 0, in the corpus of which most are
RIDGE = 1e-3  # added to the variances

Vectors = NDArray[np.float32]
Labelled = tuple[Vectors, NDArray[np.int8]]
"""Vectors [n, m] of a recording, and for each 1 for speech, 0 for none, -1 for unknown."""


def prose(tokenizer: Tokenizer, shared: Path, count: int) -> Iterator[Labelled]:
    """Clips of LibriSpeech whose words have times."""
    cache = corpus.default_cache()
    words = defaultdict[str, list[align.Word]](list)
    for path, word in align.words(cache, "librispeech", "train"):
        words[path].append(word)
    folder = corpus.unpack(shared, "librispeech", cache)
    for path in random.Random(1).sample(sorted(words), min(count, len(words))):
        time, vectors = _heard(tokenizer, corpus.read(folder / path))
        yield vectors, _labels(time, [(word.start, word.end) for word in words[path]], 0)


def loud(tokenizer: Tokenizer, shared: Path, name: str, count: int) -> Iterator[Labelled]:
    """Clips of which what is loud is speech; their pauses may be too short to be heard as such."""
    clips = corpus.clips(shared, name, corpus.default_cache())
    for clip in random.Random(1).sample(clips, min(count, len(clips))):
        samples = corpus.read(clip.path)
        time, vectors = _heard(tokenizer, samples)
        yield vectors, _labels(time, [align.loud_span(samples)], -1)


def noises(tokenizer: Tokenizer, shared: Path) -> Iterator[Labelled]:
    """Recordings without speech."""
    rng, time = np.random.default_rng(1), np.arange(20 * corpus.RATE) / corpus.RATE
    hiss = rng.normal(0, 1, len(time))
    made = [0 * time, *(level * hiss for level in (1e-4, 1e-3, 1e-2, 1e-1))]
    made += [0.1 * np.sin(2 * np.pi * pitch * time) + 1e-4 * hiss for pitch in (50, 100, 120, 440, 1000)]
    recorded = corpus.decodable(corpus.clips(shared, "esc10-noise", corpus.default_cache()))
    for samples in (*(one.astype(np.float32) for one in made), *(samples for _, samples in recorded)):
        vectors = _heard(tokenizer, samples)[1]
        yield vectors, np.zeros(len(vectors), np.int8)


def discriminant(parts: Sequence[Sequence[Labelled]], model: str) -> VoiceActivity:
    """The linear discriminant of labelled recordings of several corpora, all of which count the same."""
    kinds = [[_of(part, label) for part in parts] for label in (0, 1)]
    others, speech = ([one for one in kind if len(one)] for kind in kinds)
    middle, centre = (np.mean([one.mean(axis=0) for one in kind], axis=0) for kind in (others, speech))
    spread = np.mean([np.cov(one.T) for one in (*others, *speech)], axis=0) + RIDGE * np.eye(len(middle))
    weights = np.linalg.solve(spread, centre - middle).astype(np.float32)
    highest = max(np.percentile(found, 100 - KEPT) for part in parts if len(found := _windows(part, weights, 0)))
    return VoiceActivity(weights, -float(highest), model)


def _heard(tokenizer: Tokenizer, samples: NDArray[np.float32]) -> tuple[NDArray[np.float64], Vectors]:
    """The vectors of a recording, 12.5 a second as an index has them, and their times."""
    tokenizer.reset()
    frames = Frames.join([tokenizer.push(samples), tokenizer.flush()])
    vectors = merged(frames.vectors)
    return frames.time[0] + tokenizer.hop * (MERGED * np.arange(len(vectors)) + (MERGED - 1) / 2), vectors


def _labels(time: NDArray[np.float64], spoken: Sequence[tuple[float, float]], otherwise: int) -> NDArray[np.int8]:
    labels = np.full(len(time), otherwise, np.int8)
    for start, end in spoken:
        labels[(time > start - BESIDE) & (time < end + BESIDE)] = -1
    for start, end in spoken:
        labels[(time >= start) & (time <= end)] = 1
    return labels


def _of(part: Sequence[Labelled], label: int) -> Vectors:
    return np.concatenate([vectors[labels == label] for vectors, labels in part])


def _windows(part: Sequence[Labelled], weights: Vectors, label: int) -> NDArray[np.float64]:
    """The mean products of the windows of a corpus that are of one label as a whole."""
    means = []
    for vectors, labels in part:
        if len(labels) >= WINDOW:
            ones = np.ones(WINDOW) / WINDOW
            whole = np.convolve(labels == label, ones, "valid") > 1 - 0.5 / WINDOW
            means.append(np.convolve(vectors @ weights, ones, "valid")[whole])
    return np.concatenate(means) if means else np.zeros(0)


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option(
    "--model", type=click.Path(path_type=Path), default=None, help="ONNX file; the shipped model if not given."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("kwsd/tokenizer/models/voice-activity.npz"),
    show_default=True,
)
@click.option("--clips", default=120, show_default=True, help="Of each corpus.")
def main(shared: Path, model: Path | None, out: Path, clips: int) -> None:
    """Learn which vectors are speech."""
    try:
        tokenizer = Tokenizer(model)
        parts = {"librispeech": list(prose(tokenizer, shared, clips)), "noise": list(noises(tokenizer, shared))}
        parts |= {name: list(loud(tokenizer, shared, name, clips)) for name in tqdm(LOUD)}
    except (corpus.CorpusError, KwsdError) as error:
        raise click.ClickException(str(error)) from error
    found = discriminant(list(parts.values()), tokenizer.digest)
    found.save(out)
    for name, part in parts.items():
        for label, kind in ((1, "speech"), (0, "no speech")):
            means = _windows(part, found.weights, label) + found.bias
            if len(means):
                click.echo(f"{name}, {kind}: {100 * np.mean(means > 0):.1f} % of {len(means)} windows above 0")


if __name__ == "__main__":
    main()
