"""Ablation of the spotter's decisions: `python -m benchmarks.decisions`, one of them changed in each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks import options
from benchmarks.detection import COLUMNS, average, encoded, evaluate
from benchmarks.protocol import Protocol
from benchmarks.tables import header, row
from kwsd.enrolment.enroll import LEARNED
from kwsd.enrolment.threshold import Rule
from kwsd.keywords.keyword import Template
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import Codebook
from kwsd.tokenizer.tokenizer import Tokenizer


def uncalibrated(
    templates: Sequence[Template], _scorer: str, _bank: Bank, _codebook: Codebook, negatives: Sequence[Template] = ()
) -> list[Template]:
    """Templates with their distances as they are."""
    return [*templates, *negatives]


def nearest(share: float) -> Callable[[KeywordScorer, NDArray[np.float32]], NDArray[np.float64]]:
    """What makes distances [..., templates] the means [..., keywords] over the nearest templates, a share of all."""

    def means(scorer: KeywordScorer, distance: NDArray[np.float32]) -> NDArray[np.float64]:
        sorted_ones = [np.sort(own, axis=-1) for own in np.split(distance, scorer._firsts[1:], axis=-1)]
        voters = [own[..., : max(1, round(share * own.shape[-1]))] for own in sorted_ones]
        return np.stack([own.mean(axis=-1, dtype=np.float64) for own in voters], axis=-1)

    return means


WITHOUT: dict[str, dict[str, object]] = {
    "as shipped": {},
    "the nearest template alone": {"kwsd.spotting.score_track.KeywordScorer._means": nearest(0.0)},
    "the mean of the nearest three of five": {"kwsd.spotting.score_track.KeywordScorer._means": nearest(0.6)},
    "no calibration on background speech": {"kwsd.enrolment.enroll.calibrated": uncalibrated},
    "speech of any tempo": {"kwsd.spotting.matching.SLOWEST": 1e9},
}
RULES = {"promise of 2 an hour": Rule("background", 2.0), "midpoint rule": Rule("midpoint")}


@click.command()
@options.shared
def main(shared: Path) -> None:
    """Measure the default scorer on `../shared/eval`, each time with one decision made otherwise."""
    protocol, tokenizer, bank = Protocol(shared), Tokenizer(), Bank.shipped()
    data = encoded(tokenizer, protocol)
    click.echo(header(("change", *COLUMNS)))
    for label, changes in WITHOUT.items():
        with ExitStack() as stack:
            for name, value in changes.items():
                stack.enter_context(patch(name, value))
            found = average(evaluate("subsequence", tokenizer, bank, data, protocol, LEARNED))
            click.echo(row((label, *astuple(found))))
    for label, rule in RULES.items():
        found = average(evaluate("subsequence", tokenizer, bank, data, protocol, rule))
        click.echo(row((label, *astuple(found))))


if __name__ == "__main__":
    main()
