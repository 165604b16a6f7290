"""Discovery of recurring phrases: `python -m benchmarks.discovery`, or one part with `--only`.

`prose`: LibriSpeech, whose words have times: how many of the best pairs of places and of the best groups say the same,
without a second look and with one, and how far its probabilities can be trusted.
`peers`: the same in a part of it, beside peers that compare all with all. `growth`: time and memory for archives of
growing length. `languages`: words of other languages, put together to recordings with faint noise between them.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks import corpora
from benchmarks.product import Product, command_of_parts
from benchmarks.tables import table
from export.discovered import Transcripts
from export.spoken_queries import aligned_clips
from kwsd.archive import Archive, Hit
from kwsd.archive.discovery import kernels
from kwsd.archive.discovery import pairs as pairing
from kwsd.archive.discovery import speech as speeches
from kwsd.archive.discovery.groups import Graph
from kwsd.archive.discovery.heard import ONE, Heard
from kwsd.archive.discovery.pairs import Pairs, distinct, find_pairs
from kwsd.archive.discovery.second_look import LEAST, compare
from kwsd.archive.discovery.trees import Neighbours
from kwsd.archive.search.probability import probability
from kwsd.tokenizer.codebook import MERGED
from kwsd.tokenizer.tokenizer import Tokenizer
from kwsd.tokenizer.voice_activity import VoiceActivity

BEST = (50, 100, 500)  # pairs and groups that are judged
SHORTEST = 5  # vectors, as `kwsd index discover` has it: 0.4 s
SPLIT = "dev"
EVERY = 3  # clip that the peers hear
HOURS = (0.5, 2.0, 5.0)
ROWS = 256  # windows that the peer compares with all others at a time

AGAIN = "with a second look"
PROBABLE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)  # bounds of the probabilities that are put together

HitPair = tuple[Hit, Hit]
Find = Callable[[Heard, int, VoiceActivity | None], Pairs]


@dataclass(frozen=True)
class Found:
    """What was found in an archive, and the seconds of CPU that it took."""

    heard: Heard
    pairs: Pairs
    seconds: float
    step: float

    def best(self, count: int) -> list[HitPair]:
        """The best so many pairs of places, of which none is half within a better one."""
        return distinct(self.pairs, count).placed(self.heard, self.step)

    def groups(self, count: int) -> list[list[Hit]]:
        """The best so many groups, the centre of each first."""
        return [
            [self.heard.hit(*stretch, 0.0, self.step) for stretch in (star.centre, *(one for one, _ in star.others))]
            for star in islice(Graph(self.pairs).stars(), count)
        ]


def found_in(archive: Archive, tokenizer: Tokenizer, find: Callable[..., Pairs] = find_pairs) -> Found:
    """The pairs of an archive."""
    began = time.process_time()
    heard = Heard.of(archive.segments, tokenizer.codebook)
    found = find(heard, SHORTEST, VoiceActivity.for_model(tokenizer.digest))
    return Found(heard, found, time.process_time() - began, MERGED * tokenizer.hop)


def all_with_all(
    vectors: NDArray[np.int8],
    level: NDArray[np.int32],
    windows: NDArray[np.int32],
    width: int,
    least: int,
    **_: object,
) -> Neighbours:
    """What `trees.neighbours` looks for, by comparing every window with every other."""
    real, whole = vectors.astype(np.float32), np.zeros(len(vectors), bool)
    whole[windows] = True
    one, other, score = [], [], []
    for first in range(0, len(vectors) - width + 1, ROWS):
        products = real[first : first + ROWS + width - 1] @ real[first:].T
        rows, columns = min(ROWS, len(vectors) - width + 1 - first), products.shape[1] - width + 1
        total = np.zeros((rows, columns), np.float32)
        for k in range(width):
            total += products[k : k + rows, k : k + columns]
        total -= (level[first : first + rows, None] + level[None, first : first + columns]) // 2
        row, column = np.nonzero(total > least)
        kept = whole[row + first] & whole[column + first] & (column >= row + width)
        one.append(row[kept] + first)
        other.append(column[kept] + first)
        score.append(total[row[kept], column[kept]])
    return Neighbours(*(np.concatenate(parts).astype(np.int32) for parts in (one, other, score)))


def cosines_alone(heard: Heard, shortest: int, activity: VoiceActivity | None) -> Pairs:
    """Every window with every other by the plain cosine, less a constant, as plain segmental DTW has it."""
    level = round(PLAIN * ONE)
    with (
        patch.object(pairing, "neighbours", all_with_all),
        patch.object(kernels, "density", lambda vectors, *_: np.full(len(vectors), level, np.int32)),
        patch.object(speeches, "weight", lambda _: 1.0),
        patch.object(speeches, "DENSEST", 2.0),
    ):
        return find_pairs(heard, shortest, activity)


def every_window(heard: Heard, shortest: int, activity: VoiceActivity | None) -> Pairs:
    """As `find_pairs`, without trees."""
    with patch.object(pairing, "neighbours", all_with_all):
        return find_pairs(heard, shortest, activity)


PLAIN = 0.6  # what plain cosines must exceed
METHODS: dict[str, Find] = {
    "kwsd": find_pairs,
    "all windows compared": every_window,
    "all windows compared, plain cosines": cosines_alone,
}


def heard_again(product: Product) -> Find:
    """Discovery with a second look, if that is installed."""

    def find(heard: Heard, shortest: int, activity: VoiceActivity | None) -> Pairs:
        pairs = find_pairs(heard, shortest, activity, least=LEAST)
        return compare(pairs, heard, MERGED * product.tokenizer.hop).alike()

    return find


def prose(product: Product) -> dict[str, Any]:
    """Pairs and groups in read prose."""
    return _compared(product, {"kwsd": find_pairs, AGAIN: heard_again(product)}, every=1)


def peers(product: Product) -> dict[str, Any]:
    """The same in a part of it, beside peers, whose time grows with the square of its length."""
    return _compared(product, METHODS, every=EVERY)


def _compared(product: Product, methods: dict[str, Find], every: int) -> dict[str, Any]:
    """Pairs and groups that methods find in every so manieth clip of prose."""
    clips = list(aligned_clips(product.protocol.shared, corpora.default_cache(), (SPLIT,)))[::every]
    truth, hours = Transcripts(clips), sum(clip.seconds for clip, _ in clips) / 3600
    of_pairs: list[list[object]] = []
    of_groups: list[list[object]] = []
    of_two: list[list[object]] = []
    trusted: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        archive, _ = Archive.build(Path(folder) / "index", [clip.path for clip, _ in clips], product.tokenizer)
        for name, find in methods.items():
            found = found_in(archive, product.tokenizer, find)
            best, groups = found.best(max(BEST)), found.groups(max(BEST))
            of_pairs += [[name, count, *judged(truth, best[:count]), found.seconds] for count in BEST]
            of_groups += [[name, count, *judged_groups(truth, groups[:count])] for count in BEST]
            shared = [own for own in groups if any(truth.across(own[0], hit) for hit in own[1:])]
            of_groups += [[f"{name}, by two speakers", k, *judged_groups(truth, shared[:k])] for k in BEST[:2]]
            across = [pair for pair in found.best(len(found.pairs)) if truth.across(*pair)]
            of_two += [[name, count, *_of_two(truth, across[:count])] for count in BEST]
            if name == AGAIN:
                trusted = list(_trusted(truth, found.best(len(found.pairs))))
    heads = (
        "same words, %",
        "NED, %",
        "of two speakers, %",
        "same words of these, %",
        "seconds",
        "coverage, %",
        "CPU s",
    )
    click.echo(f"\n{hours:.2f} h of LibriSpeech {SPLIT}, {len(set(truth.speaker_of.values()))} speakers.\n")
    click.echo(table(("method", "best pairs", *heads), of_pairs))
    shares = ("places a group", "places right, %", "groups all right, %", "NED, %", "of two speakers, %", "coverage, %")
    click.echo(f"\n{table(('method', 'best groups', *shares), of_groups)}")
    click.echo(f"\n{table(('method', 'best pairs of two speakers', 'are there', 'same words, %'), of_two)}")
    if trusted:
        click.echo(f"\n{table(('probability, %', 'pairs', 'mean, %', 'same words, %'), trusted)}")
    return {"pairs": of_pairs, "groups": of_groups, "two speakers": of_two, "probabilities": trusted}


def _of_two(truth: Transcripts, pairs: Sequence[HitPair]) -> list[object]:
    return [len(pairs), 100 * _mean([truth.same_words(*pair) for pair in pairs])]


def _trusted(truth: Transcripts, pairs: Sequence[HitPair]) -> Iterator[list[object]]:
    """How many pairs have a probability between two bounds, its mean, and how many of them are right."""
    chances = np.array([probability(one.score) for one, _ in pairs])
    right = np.array([truth.same_words(*pair) for pair in pairs], bool)
    for least, most in pairwise(PROBABLE):
        held = (least <= chances) & (chances < most)
        name = f"{100 * least:.0f} to {min(100, 100 * most):.0f}"
        yield [name, int(held.sum()), 100 * _mean(chances[held]), 100 * _mean(right[held])]


def judged(truth: Transcripts, best: Sequence[HitPair]) -> list[float]:
    """Six figures of some pairs, shares in percent.

    These are the share with the same words, the mean NED, the share of two speakers, of these the share with the same
    words, the mean duration, and coverage.
    """
    right = np.array([truth.same_words(*pair) for pair in best], bool)
    across = np.array([truth.across(*pair) for pair in best], bool)
    return [
        100 * _mean(right),
        100 * _mean([truth.distance(*pair) for pair in best]),
        100 * _mean(across),
        100 * _mean(right[across]),
        _mean([hit.end - hit.start for pair in best for hit in pair]),
        100 * truth.coverage(hit for pair in best for hit in pair),
    ]


def judged_groups(truth: Transcripts, groups: Sequence[Sequence[Hit]]) -> list[float]:
    """Six figures of some groups, shares in percent.

    These are the number of places, the share of places that say what the first does, the share of groups all of whose
    places do, the mean NED to the first, the share of groups of two speakers, and coverage.
    """
    pairs = [[(first, hit) for hit in others] for first, *others in groups]
    right = [[truth.same_words(*pair) for pair in own] for own in pairs]
    return [
        _mean([len(own) + 1 for own in pairs]),
        100 * _mean([one for own in right for one in own]),
        100 * _mean([all(own) for own in right]),
        100 * _mean([truth.distance(*pair) for own in pairs for pair in own]),
        100 * _mean([any(truth.across(*pair) for pair in own) for own in pairs]),
        100 * truth.coverage(hit for group in groups for hit in group),
    ]


def _mean(values: Sequence[float] | NDArray[np.bool_] | NDArray[np.float64]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def growth(product: Product) -> dict[str, Any]:
    """Time and memory for archives of growing length, each in a process of its own."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        Archive.build(index, list(_for(max(HOURS), product.clips("librispeech", "train"))), product.tokenizer)
        for hours in HOURS:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                rows.append(pool.apply(discovered, (index, hours)))
    click.echo(f"\n{table(('hours', 'CPU s', 'hours a CPU second', 'MB before', 'MB more'), rows)}")
    return {"growth": rows}


def _for(hours: float, clips: Sequence[corpora.Clip]) -> Iterator[Path]:
    left = 3600 * hours
    for clip in clips:
        if left <= 0:
            return
        left -= clip.seconds
        yield clip.path


def discovered(index: Path, hours: float) -> list[float]:
    """A row of `growth` for the first so many hours of an index: the highest memory before and after, in MB."""
    tokenizer = Tokenizer()
    archive = Archive.open(index, tokenizer)
    activity, before, began = VoiceActivity.for_model(tokenizer.digest), _memory(), time.process_time()
    whole = Heard.of(archive.segments, tokenizer.codebook)
    count = int(np.searchsorted(whole.bounds, hours * 3600 / (MERGED * tokenizer.hop)))
    bounds = whole.bounds[: count + 1]
    heard = Heard(whole.vectors[: bounds[-1]], whole.documents[:count], bounds)
    list(islice(Graph(find_pairs(heard, SHORTEST, activity)).stars(), 100))
    seconds = time.process_time() - began
    return [hours, seconds, hours / seconds, before, _memory() - before]


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


WORDS = {"Arabic": ("arabic-commands", 10), "Mandarin": ("dspspeech", 10)}  # corpus, and words a recording
PAUSE = 0.1  # s of faint noise between words
MOST_CLIPS = 1500


def languages(product: Product) -> dict[str, Any]:
    """Words of other languages: whether the two places of a pair hold the same word."""
    rows: list[list[object]] = []
    for language, (name, count) in WORDS.items():
        with tempfile.TemporaryDirectory() as folder:
            truth = _joined(product.clips(name, SPLIT) or product.clips(name, "train"), count, Path(folder))
            archive, _ = Archive.build(Path(folder) / "index", sorted(Path(folder).glob("*.wav")), product.tokenizer)
            for method, find in {"kwsd": find_pairs, AGAIN: heard_again(product)}.items():
                found = found_in(archive, product.tokenizer, find)
                best = found.best(len(found.pairs))
                shown = (language, f"{archive.seconds / 3600:.2f}", method)
                rows += [[*shown, len(best), top, *_same_word(truth, best[:top])] for top in BEST]
    heads = (
        "language",
        "hours",
        "method",
        "pairs",
        "best",
        "same word, %",
        "of two speakers, %",
        "same word of these, %",
    )
    click.echo(f"\n{table(heads, rows)}")
    return {"languages": rows}


def _same_word(truth: Spoken, best: Sequence[HitPair]) -> list[object]:
    said = [(_said_at(truth, one), _said_at(truth, other)) for one, other in best]
    right = np.array([bool(a and b and a.text == b.text) for a, b in said], bool)
    across = np.array([bool(a and b and a.speaker != b.speaker) for a, b in said], bool)
    return [100 * _mean(right), 100 * _mean(across), 100 * _mean(right[across])]


Spoken = dict[str, list[tuple[float, float, corpora.Clip]]]


def _joined(clips: Sequence[corpora.Clip], count: int, folder: Path) -> Spoken:
    """Recordings of so many words of any speakers each, and when each word is said in them."""
    rng, noise = random.Random(5), np.random.default_rng(5)
    chosen = rng.sample(list(clips), min(MOST_CLIPS, len(clips)))
    spoken: Spoken = {}
    for number in range(0, len(chosen), count):
        path, parts, at = folder / f"{number:05d}.wav", [], 0.0
        spoken[str(path)] = []
        for clip, samples in corpora.decodable(chosen[number : number + count]):
            pause = noise.normal(0, 1e-3, round(PAUSE * corpora.RATE)).astype(np.float32)
            spoken[str(path)].append((at, at + len(samples) / corpora.RATE, clip))
            parts += [samples, pause]
            at += (len(samples) + len(pause)) / corpora.RATE
        soundfile.write(path, np.concatenate(parts), corpora.RATE)
    return spoken


def _said_at(spoken: Spoken, hit: Hit) -> corpora.Clip | None:
    """The word that is said in more than half of a place, if there is one."""
    for start, end, clip in spoken[hit.path]:
        if min(hit.end, end) - max(hit.start, start) > (hit.end - hit.start) / 2:
            return clip
    return None


PARTS: dict[str, Callable[[Product], dict[str, Any]]] = {
    "prose": prose,
    "peers": peers,
    "growth": growth,
    "languages": languages,
}

main = command_of_parts(__doc__, PARTS)


if __name__ == "__main__":
    main()
