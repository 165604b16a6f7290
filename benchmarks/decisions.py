"""Ablation of the spotter's decisions: `python -m benchmarks.decisions`, one of them changed in each row."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path
from unittest.mock import patch

import click

from benchmarks import options
from benchmarks.detection import COLUMNS, average, encoded, evaluate
from benchmarks.protocol import Protocol
from benchmarks.tables import header, row
from kwsd.enrolment.enroll import LEARNED
from kwsd.enrolment.threshold import Rule
from kwsd.keywords.keyword import Template
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import Codebook
from kwsd.tokenizer.tokenizer import Tokenizer


def uncalibrated(templates: Sequence[Template], _scorer: str, _bank: Bank, _codebook: Codebook) -> list[Template]:
    """Templates with their distances as they are."""
    return list(templates)


WITHOUT: dict[str, dict[str, object]] = {
    "as shipped": {},
    "the nearest template alone": {"kwsd.spotting.score_track.VOTERS": 0.0},
    "the mean of the nearest three of five": {"kwsd.spotting.score_track.VOTERS": 0.6},
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
