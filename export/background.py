"""Background speech of two kinds, from the training splits: read prose, near and in rooms with noise, and telephone."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export import augment, corpus, rooms

Samples = NDArray[np.float32]
Way = Callable[[Samples], Samples]

FAR = 0.5  # share of the clips of rooms that a far microphone hears
NOISY = 0.67  # share of them that have noise
RATIO = (3.0, 20.0)  # decibels of speech to that noise
FAINT = 1e-3  # amplitude (RMS) below which a recording of noise is silence


@dataclass(frozen=True)
class Kind:
    """A part of the background, and the kind of speech that it belongs to.

    Attributes:
        name: of the kind.
        source: the corpus that is drawn from.
        share: of all background speech.
        in_rooms: whether it is heard by far microphones and with noise.
    """

    name: str
    source: str
    share: float
    in_rooms: bool = False


KINDS = (
    Kind("speech", "librispeech", 0.635),
    Kind("speech", "librispeech", 0.21, in_rooms=True),
    Kind("telephone", "telephone", 0.155),
)


def background(shared: Path, hours: float, seed: int) -> Iterator[tuple[str, Samples]]:
    """Clips and the kinds they are of, kind after kind, until there are that many hours; no clip comes twice.

    Within a kind clips come in any order, so that its beginning is like all of it.

    There are no single words in it: they would be the keywords of some users, and make these unusable.

    Raises:
        CorpusError: a corpus is missing.
    """
    cache, used = corpus.default_cache(), set[Path]()
    chosen = defaultdict[str, list[tuple[corpus.Clip, Way]]](list)
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng((seed, number))
        heard = _in_rooms(shared, cache, seed, rng) if kind.in_rooms else _as_it_is
        pool = [clip for clip in corpus.clips(shared, kind.source, cache) if clip.path not in used]
        random.Random(seed + number).shuffle(pool)
        clips = list(_so_long(pool, hours * 3600 * kind.share))
        used.update(clip.path for clip in clips)
        chosen[kind.name] += [(clip, heard) for clip in clips]
    for name, some in chosen.items():
        random.Random(seed).shuffle(some)
        for clip, heard in some:
            yield name, heard(corpus.read(clip.path))


def _so_long(clips: Iterable[corpus.Clip], seconds: float) -> Iterator[corpus.Clip]:
    for clip in clips:
        if seconds <= 0:
            return
        seconds -= clip.seconds
        yield clip


def _as_it_is(x: Samples) -> Samples:
    return x


def _in_rooms(shared: Path, cache: Path, seed: int, rng: np.random.Generator) -> Way:
    """What a microphone in a room hears of a clip: from afar, with noise, or both."""
    rooms.prepare(cache, seed)
    simulated, noises = rooms.load(cache), list(_noises(shared, cache))

    def heard(x: Samples) -> Samples:
        if rng.random() < FAR:
            x = augment.filtered(x, rng, 1.0, 0.0, simulated)
        if rng.random() < NOISY:
            noise = np.resize(noises[rng.integers(len(noises))], len(x))
            x = augment.mixed(x, noise, rng.uniform(*RATIO))
        return x

    return heard


def _noises(shared: Path, cache: Path) -> Iterator[Samples]:
    for clip in corpus.clips(shared, "esc10-noise", cache):
        try:
            noise = corpus.read(clip.path)
        except corpus.CorpusError:
            continue
        if np.sqrt(np.mean(noise * noise)) > FAINT:
            yield noise
