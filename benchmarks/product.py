"""kwsd as benchmarks measure it: one tokenizer, its bank, a scorer, and the recordings that they are tried on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from benchmarks import corpora, options
from benchmarks.corpora import Samples
from benchmarks.measures import frames_of
from benchmarks.protocol import Protocol
from kwsd.audio.trim import speech_span
from kwsd.enrolment.enroll import LEARNED, Enrolment, enroll
from kwsd.enrolment.template import Recording
from kwsd.enrolment.threshold import Rule
from kwsd.errors import AudioError, KwsdError
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.matching import SCORERS
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

SCORER = click.option("--scorer", type=click.Choice(SCORERS), default="subsequence", show_default=True)
UNKNOWN = "_unknown_"  # the label of Speech Commands' other words


@dataclass(frozen=True)
class Product:
    """What enrols, what scores, and where recordings come from."""

    tokenizer: Tokenizer
    bank: Bank
    scorer: str
    protocol: Protocol

    def keyword(self, name: str, recordings: Sequence[Path | Recording], rule: Rule = LEARNED) -> Keyword:
        """A keyword as `kwsd enroll` makes it."""
        return self.enrolment(name, recordings, rule).keyword

    def enrolment(self, name: str, recordings: Sequence[Path | Recording], rule: Rule = LEARNED) -> Enrolment:
        """The keyword with the report on its enrolment."""
        return enroll(name, recordings, self.tokenizer, scorer=self.scorer, bank=self.bank, threshold=rule)

    def scores(self, keywords: Sequence[Keyword]) -> KeywordScorer:
        """The scorer of these keywords, at its start."""
        return KeywordScorer(self.scorer, keywords, self.tokenizer.hop, self.tokenizer.codebook)

    def clips(self, name: str, split: str) -> list[corpora.Clip]:
        """The clips of one split of a corpus."""
        return corpora.clips(self.protocol.shared, name, split)

    def hear(self, clips: Sequence[corpora.Clip], what: str) -> list[Frames]:
        """Each clip between two seconds of faint noise, as a stream of its own."""
        return self.frames(corpora.read(clip.path) for clip in tqdm(clips, desc=what, unit="clip"))

    def frames(self, recordings: Iterable[Samples]) -> list[Frames]:
        """The same of recordings in memory."""
        return [frames_of(self.tokenizer, [self.protocol.padded(samples)]) for samples in recordings]


def drawn(
    clips: Iterable[corpora.Clip], count: int, rng: random.Random, by_speakers: bool = True
) -> tuple[list[corpora.Clip], list[Recording]]:
    """Clips drawn for enrolment, and their recordings; each by another speaker unless asked otherwise.

    A clip that enrolment would refuse is passed over, as a user would record it again.
    """
    pool = list(clips)
    rng.shuffle(pool)
    chosen: list[corpora.Clip] = []
    recordings: list[Recording] = []
    for clip in pool:
        if len(chosen) == count:
            break
        heard_before = by_speakers and clip.speaker in {c.speaker for c in chosen}
        recording = None if heard_before else _usable(clip)
        if recording:
            chosen.append(clip)
            recordings.append(recording)
    return chosen, recordings


def _usable(clip: corpora.Clip) -> Recording | None:
    samples = corpora.read(clip.path)
    try:
        speech_span(samples)
    except AudioError:
        return None
    return Recording(clip.path.name, samples)


def command(help_text: str | None, *more: click.Option) -> Callable[[Callable[..., dict[str, Any]]], click.Command]:
    """A command line around a measurement, which prints its tables and returns the figures that `--out` gets."""

    def decorate(measure: Callable[..., dict[str, Any]]) -> click.Command:
        def run(
            shared: Path, model: Path | None, bank: Path | None, scorer: str, out: Path | None, **others: object
        ) -> None:
            try:
                loaded = Bank.load(bank) if bank else Bank.shipped()
                figures = measure(Product(Tokenizer(model), loaded, scorer, Protocol(shared)), **others)
            except (KwsdError, corpora.CorpusError) as error:
                raise click.ClickException(str(error)) from error
            options.write(figures, out)

        for option in (options.out, SCORER, options.bank, options.model, options.shared):
            option(run)
        made = click.command(None, help=help_text)(run)
        made.params += more
        return made

    return decorate


def command_of_parts(help_text: str | None, parts: Mapping[str, Callable[[Product], dict[str, Any]]]) -> click.Command:
    """A command line around a measurement in parts, of which `--only` chooses some."""
    only = click.Option(["--only"], type=click.Choice(list(parts)), multiple=True, help="Only these parts.")

    @command(help_text, only)
    def measure(product: Product, only: tuple[str, ...]) -> dict[str, Any]:
        return {part: parts[part](product) for part in only or parts}

    return measure
