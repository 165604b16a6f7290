"""What could help where recordings are few: `python -m benchmarks.few_recordings`. None of it is in the product.

Words that are used for decisions only: the ten words of `benchmarks.development`, and the eight phrases of
`benchmarks.poor_recordings`; five recordings by five speakers each, of which every one, two, three and all five are
enrolled. Other versions of each recording become templates, or are averaged with it; templates are averaged with those
of the other recordings; and the threshold is drawn half of the way to that of a usual tail of distances. The background
is every third clip of LibriSpeech dev.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import combinations
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.background_streams import Stream, prose
from benchmarks.corpora import Samples
from benchmarks.development import command_words
from benchmarks.measures import RATE_COLUMNS, Rates, Scores, rates, tracked
from benchmarks.other_versions import SPEEDS, VERSIONS, averaged
from benchmarks.poor_recordings import phrases
from benchmarks.product import Product, command
from benchmarks.spoiled import plain
from benchmarks.tables import table
from kwsd.enrolment.agreement import agreed
from kwsd.enrolment.calibration import LOW_QUANTILE
from kwsd.enrolment.false_alarms import SEPARATION, TAIL, FalseAlarmModel, lowest_places
from kwsd.enrolment.template import Recording, take_of
from kwsd.enrolment.threshold import ALARMS
from kwsd.keywords.keyword import Keyword, Template
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.frames import Frames

COUNTS, RECORDINGS = (1, 2, 3, 5), 5
LARGEST = 2.0  # distance that stands for an infinite one
USUAL = 0.48  # scale of an exponential tail, in standard deviations of the minima, that most keywords are near to


@dataclass(frozen=True)
class Scored:
    """Distances of every template of a word; a template is known by its version and the number of its recording.

    Attributes:
        index: the column of each template.
        bank, track: [n, templates] on background speech, for thresholds and for false alarms.
        hits: [n, templates] in each test.
    """

    index: Mapping[tuple[str, int], int]
    bank: Scores
    track: Scores
    hits: Sequence[Scores]


def versions(product: Product, recordings: Sequence[Recording]) -> dict[tuple[str, int], Frames]:
    """The phrase in every version of every recording, and their averages."""
    rng, found = np.random.default_rng(3), {}
    takes = [take_of(recording, product.tokenizer) for recording in recordings]
    for i, (take, reading) in enumerate(zip(takes, agreed(takes), strict=True)):
        start, end = reading.pieces[0][0], reading.pieces[-1][1]
        found["as recorded", i] = own = reading.frames.between(reading.start, reading.end)
        for name, change in VERSIONS.items():
            speed = SPEEDS.get(name, 1.0)
            changed = Recording(name, change(take.recording.samples, rng))
            found[name, i] = heard(product, changed.samples).between(start / speed, end / speed)
        found["speeds averaged", i] = averaged(own, [found[name, i] for name in SPEEDS])
        found["all averaged", i] = averaged(own, [found[name, i] for name in VERSIONS])
    for i in range(len(recordings)):
        others = [found["as recorded", j] for j in range(len(recordings)) if j != i]
        found["others averaged", i] = averaged(found["as recorded", i], others)
    return found


def heard(product: Product, samples: Samples) -> Frames:
    """The frames of a recording."""
    product.tokenizer.reset()
    return Frames.join([product.tokenizer.push(samples), product.tokenizer.flush()])


def scored(product: Product, made: Mapping[tuple[str, int], Frames], tests: Sequence[Frames], track: Stream) -> Scored:
    """Score the background and the tests with every template, in units of its spread on background speech."""
    ends = product.tokenizer.hop / 2
    alone = [Template("", frames, frames.time[0], frames.time[-1] + ends) for frames in made.values()]
    stream = product.scores([Keyword("", (one,), 0.0, product.scorer, product.tokenizer.digest, "") for one in alone])
    bank = _distances(stream, list(product.bank.frames()))
    low = np.quantile(bank, LOW_QUANTILE, axis=0)
    mean, spread = bank.mean(axis=0), bank.mean(axis=0) - low
    distances = [bank, tracked(stream, track.frames).distance, *(_distances(stream, [test]) for test in tests)]
    units = [(np.minimum(each, LARGEST) - mean) / spread for each in distances]
    return Scored({key: k for k, key in enumerate(made)}, units[0], units[1], units[2:])


def _distances(stream: KeywordScorer, frames: Sequence[Frames]) -> Scores:
    stream.reset()
    found: Scores = np.minimum(np.concatenate([stream.push(part).distance for part in frames]), LARGEST)
    return found


def measured(
    found: Scored, groups: Sequence[Sequence[int]], counted: NDArray[np.bool_], hop: float, usual: bool
) -> Rates:
    """A keyword whose distance is the mean over recordings of the nearest of a group of templates each."""

    def combined(distance: Scores) -> Scores:
        mean: Scores = np.mean([distance[:, group].min(axis=1) for group in groups], axis=0)
        return mean

    bank = combined(found.bank)
    minima = np.sort(bank[lowest_places(bank, round(SEPARATION / hop))])
    model = FalseAlarmModel(minima, len(bank) * hop / 3600)
    threshold = model.threshold(ALARMS)
    if usual:
        typical = minima[TAIL] - USUAL * minima.std() * np.log(TAIL / (ALARMS * model.hours))
        threshold = float(threshold + typical) / 2
    track = np.where(counted, combined(found.track), np.inf)
    hours = float(np.sum(counted)) * hop / 3600
    return rates(np.array([combined(hit).min() for hit in found.hits]), track, threshold, hop, hours)


WAYS: dict[str, tuple[tuple[str, ...], bool]] = {
    "as enrolled": (("as recorded",), False),
    "averaged with two speeds": (("speeds averaged",), False),
    "averaged with all versions": (("all averaged",), False),
    "all versions are templates, the nearest counts": (("as recorded", *VERSIONS), False),
    "averaged with the others": (("others averaged",), False),
    "a usual tail counts half": (("as recorded",), True),
}


def results(product: Product, found: Scored, counted: NDArray[np.bool_]) -> Iterator[tuple[tuple[str, int], Rates]]:
    """Every way with every number of recordings; averages with the others only where all are enrolled."""
    for count in COUNTS:
        for chosen in combinations(range(RECORDINGS), count):
            for way, (names, usual) in WAYS.items():
                if "others averaged" in names and count < RECORDINGS:
                    continue
                groups = [[found.index[name, i] for name in names] for i in chosen]
                yield (way, count), measured(found, groups, counted, product.tokenizer.hop, usual)


def words(product: Product) -> Iterator[tuple[str, str, Sequence[Recording], Sequence[Samples]]]:
    """Kind and name of each word, its recordings and its tests."""
    for word in command_words(product):
        yield "words", word.name, word.draws[0], word.tests
    for phrase in phrases(product):
        made = [plain(said, np.random.default_rng(i)) for i, said in enumerate(phrase.enrol)]
        yield "phrases", phrase.name, [Recording(str(i), x) for i, x in enumerate(made)], phrase.tests


@command(__doc__)
def main(product: Product) -> dict[str, Any]:
    """Measure every way and print a table for words and one for phrases."""
    background = prose(product.tokenizer, product.clips("librispeech", "dev")[::3])
    found: dict[str, dict[tuple[str, int], list[Rates]]] = defaultdict(lambda: defaultdict(list))
    for kind, name, recordings, tests in tqdm(list(words(product)), desc="words"):
        every = scored(product, versions(product, recordings), product.frames(tests), background)
        for case, one in results(product, every, background.counted(name)):
            found[kind][case].append(one)
    for kind, cases in found.items():
        lines = [[*case, *np.mean([astuple(one) for one in all_of], axis=0).tolist()] for case, all_of in cases.items()]
        click.echo(f"\n{kind.capitalize()}\n\n{table(('way', 'recordings', *RATE_COLUMNS), lines)}")
    return {kind: {f"{way}, {n}": rows for (way, n), rows in cases.items()} for kind, cases in found.items()}


if __name__ == "__main__":
    main()
