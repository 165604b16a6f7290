"""Misses of words that are used for decisions only: `python -m benchmarks.development`.

Models and their averages are chosen by these words, so that the protocol's and the field's judge what was chosen. Ten
words of Speech Commands that were never paired in training, five recordings each, and twenty words of DSPSpeech by
speakers that were never paired, three recordings each; tested on other speakers, as recorded, with noise, in a room, by
telephone. The background is LibriSpeech dev without utterances that hold the word; thresholds by oracle, at 1 alarm.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.background_streams import Stream, prose
from benchmarks.corpora import RATE, Samples
from benchmarks.measures import averaged, dips, lowest, tracked
from benchmarks.product import UNKNOWN, Product, command, drawn
from benchmarks.tables import table
from export import augment, codecs, rooms
from export.labels import HELD_OUT_SPEAKERS
from kwsd.enrolment.template import Recording

Ways = dict[str, Callable[[Samples, np.random.Generator], Samples]]
RECORDINGS, FEW, DRAWS, TESTS = 5, 3, 2, 40
DECIBELS = 10.0


@dataclass(frozen=True)
class Word:
    """A word to enrol.

    Attributes:
        kind: where it is from.
        name: the word.
        draws: recordings to enrol.
        tests: recordings by others.
    """

    kind: str
    name: str
    draws: Sequence[Sequence[Recording]]
    tests: Sequence[Samples]


def command_words(product: Product) -> Iterator[Word]:
    """The ten words of Speech Commands `dev`."""
    clips = product.clips("speech-commands", "dev")
    for number, name in enumerate(sorted({clip.text for clip in clips} - {UNKNOWN})):
        rng, own = random.Random(number), [clip for clip in clips if clip.text == name]
        draws = [drawn(own, RECORDINGS, rng) for _ in range(DRAWS)]
        enrolled = {clip.speaker for chosen, _ in draws for clip in chosen}
        others = {clip.speaker: clip for clip in own if clip.speaker not in enrolled}
        tests = [corpora.read(clip.path) for clip in list(others.values())[:TESTS]]
        yield Word("commands", name, [recordings for _, recordings in draws], tests)


def held_out_words(product: Product) -> Iterator[Word]:
    """The Mandarin and English words of DSPSpeech by the six speakers that were never paired, three enrolled."""
    clips = [clip for clip in product.clips("dspspeech", "train") if clip.speaker in HELD_OUT_SPEAKERS]
    for number, name in enumerate(sorted({clip.text for clip in clips})):
        rng, own = random.Random(number), [clip for clip in clips if clip.text == name]
        chosen, recordings = drawn(own, FEW, rng)
        enrolled = {clip.speaker for clip in chosen}
        tests = rng.sample([clip for clip in own if clip.speaker not in enrolled], TESTS)
        yield Word("held-out speakers", name, [recordings], [corpora.read(clip.path) for clip in tests])


def conditions(product: Product) -> Ways:
    """How a test recording is heard."""
    simulated = rooms.load(corpora.default_cache())
    noises = [x for _, x in corpora.decodable(product.clips("esc10-noise", "train")[::7])]

    def noisy(x: Samples, rng: np.random.Generator) -> Samples:
        noise = noises[rng.integers(len(noises))]
        return augment.mixed(x, np.resize(noise[rng.integers(len(noise)) :], len(x)), DECIBELS)

    def far(x: Samples, rng: np.random.Generator) -> Samples:
        return augment.filtered(np.pad(x, (0, RATE // 2)), rng, 1.0, 0.0, simulated)

    def telephone(x: Samples, rng: np.random.Generator) -> Samples:
        narrow = [codec for codec in codecs.CODECS if codec.rate == codecs.NARROW]
        codec = narrow[rng.integers(len(narrow))]
        return codecs.coded(x, codec, int(rng.choice(codec.bits)) if codec.bits else None)

    return {"as recorded": lambda x, _: x, "with noise": noisy, "in a room": far, "by telephone": telephone}


def heard_tests(product: Product, word: Word, ways: Ways) -> dict[str, list[Samples]]:
    """The test recordings of a word in each condition, between two seconds of faint noise."""
    found = {}
    for way, heard in ways.items():
        rng = np.random.default_rng(7)
        found[way] = [product.protocol.padded(heard(x, rng)) for x in word.tests]
    return found


def missed(product: Product, word: Word, ways: Ways, background: Stream) -> dict[str, list[float]]:
    """Misses in percent of each draw at 1 alarm, in each condition."""
    keywords = [product.keyword(word.name, draw) for draw in word.draws]
    scorer = product.scores(keywords)
    track = background.without(word.name, tracked(scorer, background.frames)).distance
    alarms = np.array([dips(track[:, k], background.hop, 2)[1] for k in range(len(keywords))])
    found = {}
    for way, heard in ways.items():
        rng = np.random.default_rng(7)
        hits = lowest(scorer, product.frames(heard(x, rng) for x in word.tests))
        found[way] = (100 * np.mean(hits >= alarms, axis=0)).tolist()
    return found


@command(__doc__)
def main(product: Product) -> dict[str, Any]:
    """Measure the words in every condition."""
    background = prose(product.tokenizer, product.clips("librispeech", "dev"))
    ways, words = conditions(product), [*command_words(product), *held_out_words(product)]
    found = [(word, missed(product, word, ways, background)) for word in tqdm(words, desc="words")]
    lines = [
        [kind, *(averaged(m[way] for word, m in found if word.kind == kind) for way in ways)]
        for kind in dict.fromkeys(word.kind for word in words)
    ]
    click.echo(table(("miss % at 1 alarm", *ways), lines))
    return {word.name: m for word, m in found}


if __name__ == "__main__":
    main()
