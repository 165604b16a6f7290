"""Thresholds learned at a place, with a second look that hears it again and without: `python -m benchmarks.places`.

Words of DSPSpeech by held-out speakers, three recordings each, are calibrated in one half of a place (as `kwsd keywords
calibrate`) and tried in the other, both ways. Places are callers, for words that they do not say, and isolated words of
others. Without the audio as many alarms are expected to be refused as at enrolment; with it, what is refused there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import soundfile as sf
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.corpora import RATE, Samples
from benchmarks.development import Word, held_out_words
from benchmarks.measures import REFRACTORY, STRETCH, frames_of, ratio
from benchmarks.product import Product, command
from benchmarks.promise import said_by_callers
from benchmarks.tables import table
from kwsd.enrolment.enroll import enroll
from kwsd.enrolment.place import Heard, recalibrated
from kwsd.enrolment.threshold import Rule
from kwsd.keywords.keyword import Keyword
from kwsd.second_look.distance import REACH
from kwsd.spotting.second_look import Confirmation
from kwsd.spotting.spotter import Spotter
from kwsd.tokenizer.frames import Frames

SECONDS = 3000  # of each half, at most
CALLERS = "telephone"
RULE = Rule()
WAYS = ("as enrolled", "without its audio", "heard again")


@dataclass(frozen=True)
class Half:
    """One half of a place: its audio, as a file too, and its frames."""

    path: Path
    samples: Samples
    frames: Frames

    def heard(self, again: bool) -> Heard:
        """What is heard in it, and whether a second look can hear it again."""
        return Heard(self.path.name, _parts(self.frames), path=self.path if again else None)


@dataclass(frozen=True)
class Row:
    """What a keyword did with one threshold in one half: alarms, hours, and misses of so many recordings."""

    place: str
    reach: str
    word: str
    way: str
    alarms: int
    hours: float
    missed: int
    tests: int


def _parts(frames: Frames) -> list[Frames]:
    return [frames.part(first, first + STRETCH) for first in range(0, len(frames), STRETCH)]


def places(product: Product, folder: Path) -> Iterator[tuple[str, list[Half]]]:
    """The two halves of each place, by its name."""
    words = product.clips("speech-commands", "dev")
    words = random.Random(7).sample(words, len(words))
    calls = [product.clips(CALLERS, split) for split in ("train", "dev")]
    for name, halves in ((CALLERS, calls), ("isolated words", [words[::2], words[1::2]])):
        yield name, [_half(product, clips, folder / f"{name} {i}.wav") for i, clips in enumerate(halves)]


def _half(product: Product, clips: Sequence[corpora.Clip], path: Path) -> Half:
    pieces, left = [], SECONDS * RATE
    for _, samples in tqdm(corpora.decodable(clips), desc=path.stem, unit="clip"):
        pieces.append(samples)
        left -= len(samples)
        if left < 0:
            break
    samples = np.concatenate(pieces)
    sf.write(path, samples, RATE, subtype="PCM_16")
    return Half(path, samples, frames_of(product.tokenizer, [samples]))


def detections(product: Product, keyword: Keyword, frames: Frames, samples: Samples) -> int:
    """How often a keyword is detected, with its second look."""

    def heard(start: float, end: float) -> tuple[float, Samples]:
        first = max(0, round(start * RATE))
        return first / RATE, samples[first : max(first, round(end * RATE))]

    tokenizer, confirmation = product.tokenizer, Confirmation([keyword], heard)
    spotter = Spotter([keyword], tokenizer.hop, tokenizer.codebook, REFRACTORY, confirmation.refuses)
    return sum(len(spotter.push(part)) for part in _parts(frames)) + len(spotter.flush())


def measured(product: Product, word: Word, reach: str, place: str, halves: Sequence[Half]) -> Iterator[Row]:
    """A row for each half that is tried and each way."""
    keyword = enroll(word.name, word.draws[0], product.tokenizer, bank=product.bank, reach=REACH[reach]).keyword
    tests = [product.protocol.padded(samples) for samples in word.tests]
    heard = [frames_of(product.tokenizer, [samples]) for samples in tests]
    missed: dict[float, int] = {}
    for learned, tried in (halves, halves[::-1]):
        made = [
            recalibrated(keyword, [learned.heard(again)], product.tokenizer, bank=product.bank, rule=RULE).keyword
            for again in (False, True)
        ]
        for way, one in zip(WAYS, (keyword, *made), strict=True):
            if one.threshold not in missed:
                found = [detections(product, one, *test) > 0 for test in zip(heard, tests, strict=True)]
                missed[one.threshold] = found.count(False)
            alarms = detections(product, one, tried.frames, tried.samples)
            hours = len(tried.samples) / RATE / 3600
            yield Row(place, reach, word.name, way, alarms, hours, missed[one.threshold], len(tests))


def summary(rows: Sequence[Row]) -> str:
    """A line for each place, second look and way."""
    lines = []
    for place, reach, way in dict.fromkeys((row.place, row.reach, row.way) for row in rows):
        own = [row for row in rows if (row.place, row.reach, row.way) == (place, reach, way)]
        words = [[row for row in own if row.word == word] for word in dict.fromkeys(row.word for row in own)]
        missed, tests, alarms, hours = (
            [sum(getattr(row, name) for row in group) for group in words]
            for name in ("missed", "tests", "alarms", "hours")
        )
        lines.append(
            [
                place,
                reach,
                way,
                ratio(100 * np.array(missed), tests),
                f"{sum(hours):.1f}",
                sum(alarms),
                ratio(alarms, hours),
            ]
        )
    return table(("place", "second look", "threshold", "miss %", "hours", "alarms", "alarms/h"), lines)


@command(__doc__)
def main(product: Product) -> dict[str, Any]:
    """Measure the words at every place."""
    words, said = list(held_out_words(product)), said_by_callers(product)
    rows: list[Row] = []
    with TemporaryDirectory() as folder:
        for place, halves in places(product, Path(folder)):
            chosen = [word for word in words if place != CALLERS or word.name not in said]
            for reach in REACH:
                for word in tqdm(chosen, desc=f"{place}, {reach}"):
                    rows += measured(product, word, reach, place, halves)
    click.echo(summary(rows))
    return {"rows": rows}


if __name__ == "__main__":
    main()
