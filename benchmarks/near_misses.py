"""How many phrases that sound almost alike are taken for the enrolled one: `python -m benchmarks.near_misses`.

`prose`: words and phrases of LibriSpeech, and others one phone or one word away, where they are said; most of this
speech the model was trained on. `unheard`: the same, tried only on speech that it was not trained on. One threshold for
all phrases, the lowest that finds 95 % of their recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
from tqdm import tqdm

from benchmarks import options
from benchmarks.corpora import CorpusError
from benchmarks.field import lowest_overlapping
from benchmarks.measures import Scores, frames_of
from benchmarks.near_outcomes import FOUND, Outcome, common_threshold, fire, nearer, worst
from benchmarks.near_trials import Heard, Trial, hear, prose
from benchmarks.product import Product
from benchmarks.protocol import Protocol
from benchmarks.spoken_queries import Said
from benchmarks.tables import table
from kwsd.enrolment.calibration import calibrated
from kwsd.errors import KwsdError
from kwsd.keywords.keyword import Keyword, Template
from kwsd.spotting.matching import SCORERS
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer

WORST = 12  # pairs that are shown
HEADER = (
    "scorer",
    f"near ones that fire %, {FOUND:.0%} found",
    "nearer than a hit %",
    "own threshold: miss %",
    "fire %",
)
SOURCES: dict[str, Callable[[Path], list[Trial]]] = {
    "prose": prose,
    "unheard": lambda shared: prose(shared, unheard=True),
}


def enrolled(trial: Trial, heard: Mapping[Said, Heard], product: Product) -> Keyword:
    """The keyword as `kwsd enroll` makes it, but for the times of the phrase, which are known, and its threshold."""
    tokenizer, bank, scorer = product.tokenizer, product.bank, product.scorer
    phrases = [(one.speaker, heard[one]) for one in trial.enrol]
    templates = [Template(name, phrase.frames, phrase.start, phrase.end) for name, phrase in phrases]
    templates = calibrated(templates, scorer, bank, tokenizer.codebook)
    return Keyword(trial.text, tuple(templates), 0.0, scorer, tokenizer.digest, "")


def distances(keyword: Keyword, heard: Sequence[Heard], product: Product) -> Scores:
    """[n] the lowest distance of what overlaps each phrase."""
    spans = [(one.start, one.end) for one in heard]
    return lowest_overlapping(product.scores([keyword]), [one.frames for one in heard], spans)[:, 0]


def outcome(trial: Trial, heard: Mapping[Said, Heard], product: Product) -> Outcome:
    """Enrol a phrase and try it."""
    keyword = enrolled(trial, heard, product)
    hits, near = (distances(keyword, [heard[one] for one in said], product) for said in (trial.hits, trial.near))
    return Outcome(trial.text, hits, near, tuple(one.label for one in trial.near))


def judge(trials: Sequence[Trial], product: Product, scorers: Sequence[str]) -> dict[str, list[Outcome]]:
    """What every phrase did with each scorer; all is heard once."""
    heard = hear(trials, lambda samples: frames_of(product.tokenizer, [samples]))
    return {
        scorer: [outcome(trial, heard, replace(product, scorer=scorer)) for trial in tqdm(trials, desc=scorer)]
        for scorer in scorers
    }


def summary(results: Mapping[str, Sequence[Outcome]]) -> str:
    """A line for each scorer, and below it those of single words and of phrases of several."""
    lines: list[list[object]] = []
    for scorer, outcomes in results.items():
        threshold = common_threshold(outcomes)
        for label, chosen in _kinds(scorer, outcomes):
            lines.append([label, fire(chosen, threshold), nearer(chosen)])
    return table(HEADER, lines)


def _kinds(scorer: str, outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    words, phrases = ([one for one in outcomes if (" " in one.text) == several] for several in (False, True))
    parts = [("- one phone apart", words), ("- one word apart", phrases)] if words and phrases else []
    return [(scorer, list(outcomes)), *parts]


def worst_pairs(outcomes: Sequence[Outcome]) -> str:
    """A line for each of the worst pairs."""
    pairs = worst(outcomes, common_threshold(outcomes), WORST)
    return table(("enrolled", "near", "fire"), ((p.text, p.near, f"{p.fired} of {p.said}") for p in pairs))


def described(source: str, trials: Sequence[Trial]) -> str:
    """How much there is of what."""
    hits, near = sum(len(trial.hits) for trial in trials), sum(len(trial.near) for trial in trials)
    return f"{source}: {len(trials)} phrases enrolled, {hits} hits, {near} near phrases"


@click.command(help=__doc__)
@options.shared
@options.model
@options.bank
@click.option("--scorer", "scorers", multiple=True, type=click.Choice(SCORERS), help="Only these.")
@click.option("--only", multiple=True, type=click.Choice(tuple(SOURCES)), help="Only these sources.")
@options.out
def main(
    shared: Path,
    model: Path | None,
    bank: Path | None,
    scorers: tuple[str, ...],
    only: tuple[str, ...],
    out: Path | None,
) -> None:
    """Measure every scorer on every source, and show the worst pairs of the first scorer."""
    results = {}
    try:
        loaded = Bank.load(bank) if bank else Bank.shipped()
        product = Product(Tokenizer(model), loaded, "", Protocol(shared))
        for source in only or SOURCES:
            trials = SOURCES[source](shared)
            found = judge(trials, product, scorers or SCORERS)
            click.echo(
                f"\n{described(source, trials)}\n\n{summary(found)}\n\n{worst_pairs(next(iter(found.values())))}"
            )
            results[source] = found
    except (KwsdError, CorpusError) as error:
        raise click.ClickException(str(error)) from error
    options.write(results, out)


if __name__ == "__main__":
    main()
