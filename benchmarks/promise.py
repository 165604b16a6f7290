"""False alarms an hour against what a threshold promised: `python -m benchmarks.promise`.

Every keyword is enrolled at each promise and run with its own threshold, by the product's own decisions with the
protocol's refractory time, over backgrounds that the model's bank was not made of. Where the word itself is spoken,
the piece (an utterance, a clip) is neither searched nor counted in the hours. Of the callers' speech nobody wrote down
what they say, so there only words count that callers of an English service do not say.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
import numpy as np

from benchmarks import corpora
from benchmarks.background_streams import Stream, prose, readable, stream
from benchmarks.measures import REFRACTORY, poisson_interval, ratio, tracked
from benchmarks.product import UNKNOWN, Product, command, drawn
from benchmarks.tables import table
from export import augment, rooms
from export.labels import HELD_OUT_SPEAKERS
from kwsd.enrolment.threshold import Rule
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.detection import Detector
from kwsd.spotting.score_track import ScoreTrack

PROMISES = (0.5, 2.0)
RECORDINGS = 5
FEW = 3  # recordings of the words of DSPSpeech
DRAWS = 2  # of each word of Speech Commands
CALLERS = "telephone"
DECIBELS = (3.0, 20.0)  # of noisy prose
ENGLISH = frozenset({"close", "open", "print", "process", "project", "signal", "speaker", "speech"})  # of DSPSpeech


@dataclass(frozen=True)
class Row:
    """What one keyword did on one background at one promise."""

    background: str
    promise: float
    word: str
    hours: float
    alarms: int

    @property
    def expected(self) -> float:
        """Alarms if the promise is kept exactly."""
        return self.promise * self.hours


def drafts(product: Product) -> Iterator[tuple[str, Sequence[Any]]]:
    """A word's name and the recordings of each keyword."""
    for word in product.protocol.keywords:
        yield from ((word, draw) for draw in product.protocol.draws(word))
    clips = product.clips("speech-commands", "dev")
    for number, word in enumerate(sorted({clip.text for clip in clips} - {UNKNOWN})):
        rng, own = random.Random(number), [clip for clip in clips if clip.text == word]
        yield from ((word, drawn(own, RECORDINGS, rng)[1]) for _ in range(DRAWS))
    for word, own in _by_word(held_out(product, "dspspeech")):
        yield word, drawn(own, FEW, random.Random(word))[1]


def held_out(product: Product, name: str) -> list[corpora.Clip]:
    """The clips of the speakers that neither words were paired of nor the bank was made of."""
    return [clip for clip in product.clips(name, "train") if clip.speaker in HELD_OUT_SPEAKERS]


def said_by_callers(product: Product) -> frozenset[str]:
    """Keywords that callers may say."""
    return ENGLISH | {clip.text for clip in product.clips("speech-commands", "dev")}


def _by_word(clips: Sequence[corpora.Clip]) -> Iterator[tuple[str, list[corpora.Clip]]]:
    for word in sorted({clip.text for clip in clips}):
        yield word, [clip for clip in clips if clip.text == word]


def in_rooms(product: Product, clips: Sequence[corpora.Clip]) -> Iterator[tuple[str, corpora.Samples]]:
    """Clips as far microphones hear them."""
    rng, simulated = np.random.default_rng(7), rooms.load(corpora.default_cache())
    return ((text, augment.filtered(x, rng, 1.0, 0.0, simulated)) for text, x in readable(clips))


def with_noise(product: Product, clips: Sequence[corpora.Clip]) -> Iterator[tuple[str, corpora.Samples]]:
    """Clips with environmental noise at DECIBELS."""
    rng, noises = np.random.default_rng(7), [x for _, x in readable(product.clips("esc10-noise", "train")[::7])]
    for text, x in readable(clips):
        yield text, augment.mixed(x, np.resize(noises[rng.integers(len(noises))], len(x)), rng.uniform(*DECIBELS))


def backgrounds(product: Product) -> Iterator[Stream]:
    """Read prose, also far and noisy, callers, isolated words in a seeded order, noises, and the protocol's clips."""
    tokenizer, read = product.tokenizer, product.clips("librispeech", "dev")
    yield prose(tokenizer, read)
    yield stream("read prose, far", tokenizer, in_rooms(product, read[::2]))
    yield stream("read prose, noisy", tokenizer, with_noise(product, read[1::2]))
    yield stream(CALLERS, tokenizer, readable(product.clips("telephone", "dev")))
    for name in ("dspspeech", "arabic-commands"):
        spoken = held_out(product, name)
        yield stream(f"words, {name}", tokenizer, readable(random.Random(7).sample(spoken, len(spoken) // 2)))
    words = product.clips("speech-commands", "dev")
    yield stream("isolated words", tokenizer, readable(random.Random(7).sample(words, len(words))))
    yield stream("noises", tokenizer, readable(product.clips("esc10-noise", "train")))
    yield stream("clips of the other wake word", tokenizer, ((c.keyword, c.samples) for c in product.protocol.clips()))


def alarms(keyword: Keyword, track: ScoreTrack, column: int, hop: float) -> int:
    """How often a keyword is detected, at most once in the refractory time."""
    one = slice(column, column + 1)
    decider = Detector([keyword], hop, REFRACTORY)
    own = ScoreTrack(track.time, track.distance[:, one], track.start[:, one], track.end[:, one])
    return len(decider.push(own)) + len(decider.flush())


def rows(product: Product, keywords: dict[float, list[Keyword]], background: Stream) -> Iterator[Row]:
    """Every keyword at every promise; the keywords of all promises differ in their thresholds only."""
    enrolled = keywords[PROMISES[0]]
    track = tracked(product.scores(enrolled), background.frames)
    unknown = said_by_callers(product) if background.name == CALLERS else ()
    for k, name in enumerate(keyword.name for keyword in enrolled):
        if name in unknown:
            continue
        searched = background.without(name, track)
        hours = background.hours(name)
        for promise in PROMISES:
            count = alarms(keywords[promise][k], searched, k, background.hop)
            yield Row(background.name, promise, name, hours, count)


def kept(found: Sequence[Row]) -> list[object]:
    """Cells: hours, alarms expected and between which they lie by chance, alarms, their ratio, words within it."""
    words = dict.fromkeys(row.word for row in found)
    groups = [[row for row in found if row.word == word] for word in words]
    counts = [sum(row.alarms for row in group) for group in groups]
    expected = [sum(row.expected for row in group) for group in groups]
    low, high = poisson_interval(sum(expected))
    over = ratio(counts, expected)
    hours = sum(row.hours for row in found)
    good = sum(count <= most for count, most in zip(counts, expected, strict=True))
    return [f"{hours:.1f}", f"{sum(expected):.1f} ({low} to {high})", sum(counts), over, f"{good} of {len(words)}"]


def overall(found: Sequence[Row]) -> str:
    """A line for each background and promise."""
    keys = dict.fromkeys((row.background, row.promise) for row in found)
    lines = [[*key, *kept([r for r in found if (r.background, r.promise) == key])] for key in keys]
    header = ("background", "promised/h", "hours", "expected", "alarms", "alarms / expected", "words that keep it")
    return table(header, lines)


def by_word(found: Sequence[Row]) -> str:
    """A line for each word: alarms over those expected on each background, promises one after the other."""
    keys = dict.fromkeys((row.background, row.promise) for row in found)
    lines = []
    for word in dict.fromkeys(row.word for row in found):
        own = [[r for r in found if (r.word, r.background, r.promise) == (word, *key)] for key in keys]
        lines.append([word, *(f"{sum(r.alarms for r in c)} / {sum(r.expected for r in c):.1f}" for c in own)])
    return table(["word", *(f"{name}, {promise:g}/h" for name, promise in keys)], lines)


@command(__doc__)
def main(product: Product) -> dict[str, Any]:
    """Enrol, search every background, and print alarms over promised alarms."""
    words = list(drafts(product))
    keywords = {
        promise: [product.keyword(name, draw, Rule("background", promise)) for name, draw in words]
        for promise in PROMISES
    }
    found = [row for background in backgrounds(product) for row in rows(product, keywords, background)]
    click.echo(
        f"\nAll {len(words)} keywords, hours added up. Brackets: 95 % interval, words resampled; parentheses: Poisson,"
    )
    click.echo("95 %, as if alarms were independent, which those of two draws of a word are not.\n")
    click.echo(f"{overall(found)}\n\nAlarms / expected alarms of each word, all draws together.\n\n{by_word(found)}")
    click.echo("\nThe noises were added to the speech that the model was trained on.")
    return {"rows": found}


if __name__ == "__main__":
    main()
