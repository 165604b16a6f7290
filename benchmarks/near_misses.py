"""How many phrases that sound almost alike are taken for the enrolled one: `python -m benchmarks.near_misses`.

`prose`: words and phrases of LibriSpeech, and others one phone or one word away, where they are said; most of this
speech the model was trained on. `unheard`: the same, tried only on speech that it was not trained on. `voices`: twenty
wake phrases, and others one phone or one syllable away, spoken by flite and eSpeak NG. One threshold for all phrases,
the lowest that finds 95 % of their recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click
from tqdm import tqdm

from benchmarks import near_confirmed, near_contrasts, options
from benchmarks.corpora import CorpusError
from benchmarks.field import lowest_overlapping
from benchmarks.measures import Scores, frames_of
from benchmarks.near_outcomes import FOUND, Outcome, common_threshold, fire, nearer, nearer_by_same, own, split, worst
from benchmarks.near_trials import Heard, Trial, hear, prose, with_negatives
from benchmarks.near_voices import voices
from benchmarks.product import Product
from benchmarks.protocol import Protocol
from benchmarks.tables import table
from export.spoken_queries import Said
from kwsd.enrolment.calibration import calibrated
from kwsd.enrolment.enroll import LEARNED
from kwsd.enrolment.false_alarms import false_alarm_model
from kwsd.enrolment.outliers import leave_one_out
from kwsd.errors import KwsdError
from kwsd.keywords.keyword import Keyword, Template
from kwsd.spotting.matching import SCORERS
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer

WORST = 12  # pairs that are shown
HEADER = ("scorer", f"near ones that fire %, {FOUND:.0%} found", "nearer than a hit %", "by the same speaker %")
OWN = ("own threshold: miss %", "near ones that fire %")


@dataclass(frozen=True)
class Source:
    """Where trials are from.

    Attributes:
        trials: makes them, given the shared folder.
        learns: whether enrolment learns a threshold; not for phrases that the bank of background speech may hold.
    """

    trials: Callable[[Path], list[Trial]]
    learns: bool = False


SOURCES = {
    "prose": Source(prose),
    "unheard": Source(lambda shared: prose(shared, unheard=True)),
    "voices": Source(lambda _: voices(), learns=True),
}


def enrolled(trial: Trial, heard: Mapping[Said, Heard], product: Product, learns: bool = False) -> Keyword:
    """The keyword as `kwsd enroll` makes it, but for the times of the phrase, which are known.

    Without `learns` its threshold is 0.
    """
    tokenizer, bank, scorer = product.tokenizer, product.bank, product.scorer
    templates, negatives = (
        [Template(one.speaker, heard[one].frames, heard[one].start, heard[one].end) for one in said]
        for said in (trial.enrol, trial.negatives)
    )
    every = tuple(calibrated(templates, scorer, bank, tokenizer.codebook, negatives))
    positive, negative = every[: len(templates)], every[len(templates) :]
    draft = Keyword(trial.text, positive, 0.0, scorer, tokenizer.digest, "", negatives=negative)
    if not learns:
        return draft
    alone = replace(draft, negatives=())
    hits = leave_one_out(alone, tokenizer)
    alarms = false_alarm_model(alone, bank, tokenizer)
    threshold, rule = LEARNED.learn(hits, alarms, scorer)
    return replace(draft, threshold=threshold, rule=rule)


def distances(keyword: Keyword, heard: Sequence[Heard], product: Product) -> Scores:
    """[n] the lowest distance of what overlaps each phrase."""
    spans = [(one.start, one.end) for one in heard]
    return lowest_overlapping(product.scores([keyword]), [one.frames for one in heard], spans)[:, 0]


def outcome(trial: Trial, heard: Mapping[Said, Heard], product: Product, learns: bool = False) -> Outcome:
    """Enrol a phrase and try it."""
    keyword = enrolled(trial, heard, product, learns)
    hits, near = (distances(keyword, [heard[one] for one in said], product) for said in (trial.hits, trial.near))
    return Outcome(trial.text, hits, near, trial.hits, trial.near, keyword.threshold if learns else None)


def judge(
    trials: Sequence[Trial], product: Product, scorers: Sequence[str], learns: bool = False
) -> dict[str, list[Outcome]]:
    """What every phrase did with each scorer; all is heard once."""
    heard = hear(trials, lambda samples: frames_of(product.tokenizer, [samples]))
    return {
        scorer: [outcome(trial, heard, replace(product, scorer=scorer), learns) for trial in tqdm(trials, desc=scorer)]
        for scorer in scorers
    }


Judge = Callable[..., dict[str, list[Outcome]]]
Outcomes = Callable[[Sequence[tuple[Trial, Keyword]], Mapping[Said, Heard], Product], dict[str, list[Outcome]]]


def judge_by(
    outcomes: Outcomes, trials: Sequence[Trial], product: Product, scorers: Sequence[str], learns: bool = False
) -> dict[str, list[Outcome]]:
    """What phrases did without what `outcomes` adds to their keywords, and with it; no threshold is learned."""
    heard = hear(trials, lambda samples: frames_of(product.tokenizer, [samples]))
    found: dict[str, list[Outcome]] = {}
    for scorer in scorers:
        one = replace(product, scorer=scorer)
        found |= outcomes([(trial, enrolled(trial, heard, one)) for trial in trials], heard, one)
    return found


judge_with_contrasts = partial(judge_by, near_contrasts.outcomes)
judge_with_second_look = partial(judge_by, near_confirmed.outcomes)


def judge_with_negatives(
    trials: Sequence[Trial], product: Product, scorers: Sequence[str], learns: bool = False
) -> dict[str, list[Outcome]]:
    """What phrases did without negatives and with them, on the recordings of near phrases that are no negatives."""
    wary = [trial for trial in map(with_negatives, trials) if trial.near]
    found = judge([replace(trial, negatives=()) for trial in wary], product, scorers, learns)
    beside = judge(wary, product, scorers, learns)
    return found | {f"{scorer}, with negatives": outcomes for scorer, outcomes in beside.items()}


def summary(results: Mapping[str, Sequence[Outcome]], learns: bool = False) -> str:
    """A line for each scorer, and below it one for each kind of near phrase."""
    lines: list[list[object]] = []
    for scorer, outcomes in results.items():
        threshold = common_threshold(outcomes)
        for label, chosen in kinds(scorer, outcomes).items():
            more = own(chosen) if learns else ()
            lines.append([label, fire(chosen, threshold), nearer(chosen), nearer_by_same(chosen) or "", *more])
    return table((*HEADER, *OWN) if learns else HEADER, lines)


def kinds(scorer: str, outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """All outcomes, those of single words and of several, and the same with near phrases of one kind only."""
    found = {
        scorer: list(outcomes),
        "- of single words": [one for one in outcomes if " " not in one.text],
        "- of several words": [one for one in outcomes if " " in one.text],
        "- the phrase and more": [split(one)[0] for one in outcomes],
        "- others": [split(one)[1] for one in outcomes],
    }
    tried = {label: [one for one in chosen if len(one.near)] for label, chosen in found.items()}
    return {label: chosen for label, chosen in tried.items() if chosen}


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
@click.option("--negatives", is_flag=True, help="Also with a recording of each near phrase as a negative.")
@click.option("--unlike", is_flag=True, help="With some of the near phrases named, as synthetic voices say them.")
@click.option("--second-look", is_flag=True, help="With a second look at each detection.")
@options.out
def main(
    shared: Path,
    model: Path | None,
    bank: Path | None,
    scorers: tuple[str, ...],
    only: tuple[str, ...],
    negatives: bool,
    unlike: bool,
    second_look: bool,
    out: Path | None,
) -> None:
    """Measure every scorer on every source, and show the worst pairs of the first scorer."""
    results = {}
    try:
        loaded = Bank.load(bank) if bank else Bank.shipped()
        product = Product(Tokenizer(model), loaded, "", Protocol(shared))
        tried = {name: SOURCES[name].trials(shared) for name in only or SOURCES}
        for name, trials in tried.items():
            learns = SOURCES[name].learns and not (unlike or second_look)
            asked: dict[Judge, bool] = {
                judge_with_contrasts: unlike,
                judge_with_negatives: negatives,
                judge_with_second_look: second_look,
            }
            ask = next((one for one, wanted in asked.items() if wanted), judge)
            results[name] = found = ask(trials, product, scorers or SCORERS, learns)
            first = next(iter(found.values()))
            click.echo(f"\n{described(name, trials)}\n\n{summary(found, learns)}\n\n{worst_pairs(first)}")
    except (KwsdError, CorpusError) as error:
        raise click.ClickException(str(error)) from error
    options.write(results, out)


if __name__ == "__main__":
    main()
