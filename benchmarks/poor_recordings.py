"""Enrolment from spoiled recordings: `python -m benchmarks.poor_recordings`, or one part with `--only`.

Words that are used for decisions only: eight phrases of two words of Speech Commands `dev` by one speaker, and eight
words of DSPSpeech by speakers that were never paired in training; five recordings by five speakers each. `spans`: how
often the phrase is not found where it is. `misses`: what four phrases and four words miss that are enrolled so; the
tests, by others or at least other takes, are not spoiled, and the background is LibriSpeech dev.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from itertools import islice
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.background_streams import Stream, prose
from benchmarks.corpora import RATE, Clip, Samples
from benchmarks.measures import RATE_COLUMNS, Rates, lowest, rates, tracked
from benchmarks.product import UNKNOWN, Product, command_of_parts
from benchmarks.spoiled import Said, Way, plain, spoken, ways, wrong
from benchmarks.tables import table
from export import rooms
from export.labels import HELD_OUT_SPEAKERS
from kwsd.enrolment.agreement import agreed
from kwsd.enrolment.template import Reading, Recording, Take, take_of
from kwsd.errors import AudioError, KeywordError

PHRASES = ("down left", "off right", "up stop", "yes on", "go no", "left up", "right down", "stop off")
WORDS = ("shuzi", "yuyan", "zhongguo", "shanghai", "speech", "signal", "process", "project")
RECORDINGS, TESTS = 5, 40
MEASURED = 4  # phrases and words whose misses are measured
SHORTEST = 0.25  # seconds that a word lasts; in shorter or longer sounds something is missing or was added
LONGEST = {1: 1.2, 2: 0.75}  # of the only word of a phrase, and of each of two
BLOCK, AROUND = 160, 1280  # samples: the level of each is measured; so many are kept before and after a word
BELOW, CLEAR = 25.0, 5.0  # dB below the loudest block at which a word ends, and by which the background is below that
TOO_FAR = 0.2  # seconds by which the start or end of a phrase is wrong


@dataclass(frozen=True)
class Phrase:
    """A phrase with five recordings to enrol and tests by others."""

    name: str
    enrol: Sequence[Said]
    tests: Sequence[Samples]


def _word(clip: Clip, parts: int) -> Samples | None:
    """The word alone, one of so many parts of a phrase; None if it is not surely the only sound of the clip.

    It is cut out by its level alone, and not by what is measured.
    """
    samples = corpora.read(clip.path)
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    level = 10 * np.log10(np.mean(blocks**2, axis=1) + 1e-10)
    loud = np.flatnonzero(level > level.max() - BELOW)
    seconds = float(loud[-1] + 1 - loud[0]) * BLOCK / RATE
    if not SHORTEST < seconds < LONGEST[parts] or level.max() - np.percentile(level, 10) < BELOW + CLEAR:
        return None
    first, last = loud[0] * BLOCK - AROUND, (loud[-1] + 1) * BLOCK + AROUND
    return samples[max(0, first) : last]


def _said(takes: Sequence[tuple[Clip, ...]], others: Sequence[Clip], rng: random.Random) -> Iterator[Said]:
    """Takes of a phrase whose words are all found, each with a word of another speaker."""
    for take in takes:
        stranger = rng.choice([clip for clip in others if clip.speaker != take[0].speaker])
        *parts, other = (_word(clip, len(take)) for clip in (*take, stranger))
        if other is not None and all(part is not None for part in parts):
            yield Said(tuple(part for part in parts if part is not None), other)


def _phrase(name: str, takes: list[tuple[Clip, ...]], others: Sequence[Clip]) -> Phrase:
    """Five takes by five speakers to enrol, the rest to test."""
    rng = random.Random(name)
    rng.shuffle(takes)
    first = {take[0].speaker: take for take in reversed(takes)}
    chosen = list(first.values())[: 4 * RECORDINGS]
    enrol = list(islice(_said(chosen, others, rng), RECORDINGS))
    used = {clip for take in chosen for clip in take}
    rest = [take for take in takes if not used & set(take)]
    noise = np.random.default_rng(7)
    tests = [plain(said, noise) for said in islice(_said(rest, others, rng), TESTS)]
    return Phrase(name, enrol, tests)


def phrases(product: Product) -> Iterator[Phrase]:
    """Two words of Speech Commands by one speaker."""
    clips = [clip for clip in product.clips("speech-commands", "dev") if clip.text != UNKNOWN]
    by: dict[str, dict[str, Clip]] = defaultdict(dict)
    for clip in clips:
        by[clip.text].setdefault(clip.speaker, clip)
    for name in PHRASES:
        one, two = (by[word] for word in name.split())
        takes: list[tuple[Clip, ...]] = [(one[speaker], two[speaker]) for speaker in sorted(one.keys() & two.keys())]
        yield _phrase(name, takes, [clip for clip in clips if clip.text not in name.split()])


def words(product: Product) -> Iterator[Phrase]:
    """Words of DSPSpeech."""
    clips = [clip for clip in product.clips("dspspeech", "train") if clip.speaker in HELD_OUT_SPEAKERS]
    for name in WORDS:
        takes: list[tuple[Clip, ...]] = [(clip,) for clip in clips if clip.text == name]
        yield _phrase(name, takes, [clip for clip in clips if clip.text != name])


def recordings(phrase: Phrase, way: Way, count: int) -> list[Recording]:
    """The five recordings, the last `count` of them spoiled."""
    rng = np.random.default_rng(11)
    spoil = [way if i >= RECORDINGS - count else plain for i in range(RECORDINGS)]
    heard = [one(said, rng) for said, one in zip(phrase.enrol, spoil, strict=True)]
    return [Recording(str(i), samples) for i, samples in enumerate(heard)]


def possible(phrase: Phrase, spoil: Mapping[str, Way]) -> dict[str, Way]:
    """The ways in which a phrase can be spoiled; only one of two words can have a pause."""
    return {name: way for name, way in spoil.items() if name != "pause" or len(phrase.enrol[0].parts) > 1}


def _take(recording: Recording, product: Product) -> Take | None:
    """The recording as it is heard; None if it is refused."""
    with suppress(AudioError):
        return take_of(recording, product.tokenizer)
    return None


def _wrong(take: Take | None, reading: Reading | None, said: Said, way: Way) -> float:
    """100 if the start or the end of a reading is TOO_FAR off or the recording is refused, else 0."""
    if not (take and reading):
        return 100.0
    start, end = spoken(take.recording.samples, (said.other,) if way is wrong else said.parts)
    off = max(abs(reading.pieces[0][0] - start - AROUND / RATE), abs(reading.pieces[-1][1] - end + AROUND / RATE))
    return 100.0 * (off > TOO_FAR)


def spans(product: Product) -> dict[str, Any]:
    """Where the phrase is found: by the recording alone, and by all five with one or all of them spoiled."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    spoil = ways(rooms.load(corpora.default_cache()))
    for phrase in tqdm([*phrases(product), *words(product)], desc="phrases"):
        for name, way in possible(phrase, spoil).items():
            for count in (1, RECORDINGS):
                column = "one of five" if count == 1 else "all five"
                takes = [_take(recording, product) for recording in recordings(phrase, way, count)]
                readings = iter(agreed([take for take in takes if take]))
                chosen = [next(readings) if take else None for take in takes]
                for take, reading, said in list(zip(takes, chosen, phrase.enrol, strict=True))[-count:]:
                    found[name][column].append(_wrong(take, reading, said, way))
                    found[name]["alone"].append(_wrong(take, take.readings[0] if take else None, said, way))
    columns = ("alone", "one of five", "all five")
    lines = [[name, *(float(np.mean(row[column])) for column in columns)] for name, row in found.items()]
    click.echo(f"\nStart or end more than {TOO_FAR} s off, %.\n\n{table(('recordings', *columns), lines)}")
    return found


def misses(product: Product) -> dict[str, Any]:
    """Misses with all five recordings spoiled, with a wrong word among them, and of four alone."""
    background = prose(product.tokenizer, product.clips("librispeech", "dev"))
    spoil = ways(rooms.load(corpora.default_cache()))
    found: dict[str, list[Rates]] = defaultdict(list)
    chosen = [*islice(phrases(product), MEASURED), *islice(words(product), MEASURED)]
    for phrase in tqdm(chosen, desc="phrases"):
        kinds = {name: recordings(phrase, way, RECORDINGS) for name, way in possible(phrase, spoil).items()}
        kinds["wrong word"] = recordings(phrase, wrong, 1)
        kinds["four alone"] = kinds["as recorded"][:-1]
        for kind, one in measured(product, phrase, kinds, background).items():
            found[kind].append(one)
    lines = [[kind, *np.mean([astuple(one) for one in all_of], axis=0).tolist()] for kind, all_of in found.items()]
    click.echo(f"\n{table(('recordings', *RATE_COLUMNS), lines)}")
    return found


def measured(
    product: Product, phrase: Phrase, kinds: Mapping[str, Sequence[Recording]], background: Stream
) -> dict[str, Rates]:
    """What the keyword of each kind of recordings misses; all, if none of them can be used."""
    keywords = {}
    for kind, made in kinds.items():
        with suppress(KeywordError):
            keywords[kind] = product.keyword(phrase.name, made)
    scorer = product.scores(list(keywords.values()))
    hits = lowest(scorer, product.frames(phrase.tests))
    track = background.without(phrase.name, tracked(scorer, background.frames)).distance
    hours = background.hours(phrase.name)
    found = dict.fromkeys(kinds, Rates(100.0, 100.0, 100.0, 0.0))
    for k, (kind, keyword) in enumerate(keywords.items()):
        found[kind] = rates(hits[:, k], track[:, k], keyword.threshold, background.hop, hours)
    return found


main = command_of_parts(__doc__, {"spans": spans, "misses": misses})

if __name__ == "__main__":
    main()
