"""How much synthetic voices should count beside recordings of people: `python -m benchmarks.said_weights`.

Words that are used for decisions only: four of Speech Commands, six phrases of `benchmarks.poor_recordings`, and four
words of DSPSpeech; five recordings by five speakers, of which every one, two, three and all five are enrolled. Beside
them the voices count together as much as half a recording of a person, as one, and as two. Thresholds by oracle; the
background is every sixth clip of LibriSpeech dev.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.background_streams import Stream, prose
from benchmarks.corpora import Samples
from benchmarks.development import command_words
from benchmarks.few_recordings import LARGEST
from benchmarks.measures import Scores, dips, tracked
from benchmarks.poor_recordings import phrases
from benchmarks.product import Product, command, drawn
from benchmarks.said import ENGINE, only_engines
from benchmarks.spoiled import plain
from benchmarks.tables import table
from kwsd.enrolment.agreement import agreed
from kwsd.enrolment.calibration import LOW_QUANTILE
from kwsd.enrolment.template import Recording, take_of
from kwsd.keywords.keyword import Keyword, Template
from kwsd.say.takes import said
from kwsd.spotting.score_track import KeywordScorer

COMMANDS = ("down", "left", "right", "stop")
PHRASES = ("down left", "off right", "up stop", "left up", "right down", "stop off")
WORDS = ("signal", "process", "project", "speaker")  # of DSPSpeech, each with the place of its seed
COUNTS, RECORDINGS, TESTS = (1, 2, 3, 5), 5, 40
TOTALS = (0.0, 0.5, 1.0, 2.0)  # recordings of people as which the voices count together
ALARMS = (0, 1)
BANK = 8  # every so many parts of the bank are enough to calibrate


@dataclass(frozen=True)
class Word:
    """A word of a kind, its recordings and its tests."""

    kind: str
    name: str
    recordings: Sequence[Recording]
    tests: Sequence[Samples]


def words(product: Product) -> Iterator[Word]:
    """All of them."""
    for word in command_words(product):
        if word.name in COMMANDS:
            yield Word("commands", word.name, word.draws[0], word.tests)
    for phrase in phrases(product):
        if phrase.name in PHRASES:
            made = [plain(one, np.random.default_rng(i)) for i, one in enumerate(phrase.enrol)]
            yield Word("phrases", phrase.name, [Recording(str(i), x) for i, x in enumerate(made)], phrase.tests)
    clips = product.clips("dspspeech", "train")
    for number, name in enumerate(WORDS):
        own = [clip for clip in clips if clip.text == name]
        chosen, recordings = drawn(own, RECORDINGS, random.Random(number))
        enrolled = {clip.speaker for clip in chosen}
        others: defaultdict[str, list[corpora.Clip]] = defaultdict(list)
        for clip in own:
            if clip.speaker not in enrolled:
                others[clip.speaker].append(clip)
        tests = [clip for clips_of_one in others.values() for clip in clips_of_one[:2]][:TESTS]
        yield Word("words of DSPSpeech", name, recordings, [corpora.read(clip.path) for clip in tests])


def misses(product: Product, word: Word, background: Stream, voices: int) -> Iterator[tuple[tuple[int, float], Scores]]:
    """For each number of recordings and each total of the voices: misses in percent at each number of alarms."""
    takes = [take_of(one, product.tokenizer) for one in (*word.recordings, *said(word.name, "en", voices, click.echo))]
    real = agreed(takes[:RECORDINGS])
    readings = [*real, *(take.readings[0] for take in takes[RECORDINGS:])]
    templates = [take.template(reading) for take, reading in zip(takes, readings, strict=True)]
    track, hits = _scored(product, templates, background, word)
    spoken = list(range(RECORDINGS, len(templates)))
    for count in (0, *COUNTS):
        for total in TOTALS if count else (1.0,):
            if not total and not count:
                continue
            used = spoken if total else []
            found = [
                _missed(
                    track, hits, [*chosen, *used], [*([1.0] * count), *([total / len(spoken)] * len(used))], product
                )
                for chosen in combinations(range(RECORDINGS), count)
            ]
            yield (count, total), np.mean(found, axis=0)


def _scored(
    product: Product, templates: Sequence[Template], background: Stream, word: Word
) -> tuple[Scores, list[Scores]]:
    """The distances of each template on the background [n, templates] and in each test, in units of its spread."""
    stream = product.scores([Keyword("", (t,), 0.0, product.scorer, product.tokenizer.digest, "") for t in templates])
    parts = list(product.bank.frames())[::BANK]
    bank = np.concatenate([_capped(stream.push(part).distance) for part in parts])
    mean, spread = bank.mean(axis=0), bank.mean(axis=0) - np.quantile(bank, LOW_QUANTILE, axis=0)
    track = np.where(
        background.counted(word.name)[:, None], _capped(tracked(stream, background.frames).distance), LARGEST
    )
    hits = [_capped(_alone(stream, frames)) for frames in product.frames(word.tests)]
    return (track - mean) / spread, [(hit - mean) / spread for hit in hits]


def _alone(stream: KeywordScorer, frames: Any) -> Scores:
    stream.reset()
    return stream.push(frames).distance


def _capped(distance: Scores) -> Scores:
    return np.minimum(distance, LARGEST)


def _missed(track: Scores, hits: Sequence[Scores], used: list[int], weights: list[float], product: Product) -> Scores:
    share = np.array(weights) / sum(weights)
    alarms = dips(track[:, used] @ share, product.tokenizer.hop, len(ALARMS))
    nearest = np.array([(hit[:, used] @ share).min() for hit in hits])
    return np.array([100 * np.mean(nearest >= alarms[n]) for n in ALARMS])


@command(
    __doc__, ENGINE, click.Option(["--voices"], type=int, default=8, show_default=True, help="How often each is said.")
)
def main(product: Product, names: tuple[str, ...], voices: int) -> dict[str, Any]:
    """Measure every word and print a table."""
    background = prose(product.tokenizer, product.clips("librispeech", "dev")[::6])
    found: dict[tuple[int, float], dict[str, list[Scores]]] = defaultdict(lambda: defaultdict(list))
    with only_engines(names):
        for word in tqdm(list(words(product)), desc="words"):
            for case, missed in misses(product, word, background, voices):
                found[case][word.kind].append(missed)
    kinds = list(dict.fromkeys(kind for cases in found.values() for kind in cases))
    lines = [
        [count, f"{total:g}", *(f"{a:.1f}, {b:.1f}" for a, b in (np.mean(cases[kind], axis=0) for kind in kinds))]
        for (count, total), cases in found.items()
    ]
    click.echo(table(("recordings", "voices count as", *(f"{kind}: miss % at 0, at 1" for kind in kinds)), lines))
    return {f"{count} recordings, voices as {total:g}": dict(cases) for (count, total), cases in found.items()}


if __name__ == "__main__":
    main()
