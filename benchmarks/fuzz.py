"""Mutated files and messages that kwsd reads: `python -m benchmarks.fuzz`; figures in docs/reliability.md.

Cases run in a process of their own, whose memory is limited, so that a crash is seen and counted. A case is the same
for the same seed, target and number: `python -m benchmarks.fuzz --only TARGET --first NUMBER --cases 1` repeats one.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
import traceback
import warnings
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

from benchmarks.fuzz_targets import Target, targets
from benchmarks.tables import table
from kwsd.errors import KwsdError

SEED = 16
MEMORY = 1 << 30  # bytes that a case may take more than the process has at its beginning
SLOWEST = 10  # s for one case
EXAMPLES = Path(__file__).parent.parent / "examples" / "hey-snips"


@dataclass
class Outcome:
    """What the cases of a target came to.

    Attributes:
        refused, accepted: cases that ended with a sentence, and without.
        faults: a text for each case that ended otherwise, with its number.
        slowest: seconds of the slowest case.
        grown: bytes by which the process grew.
    """

    refused: int = 0
    accepted: int = 0
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    grown: int = 0


def run(target: Target, numbers: range, name: str) -> Outcome:
    """Run the cases of these numbers in child processes."""
    outcome, number = Outcome(), numbers.start
    context = multiprocessing.get_context("fork")
    while number < numbers.stop:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_cases, args=(theirs, target, range(number, numbers.stop), name))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which wait for work here
            process.start()
        theirs.close()
        number = _collect(ours, outcome, number)
        process.join()
        if number < numbers.stop:  # it ended early
            outcome.faults.append(f"case {number}: the process ended with {process.exitcode}")
            number += 1
    return outcome


def _cases(out: Connection, target: Target, numbers: range, name: str) -> None:
    """Run cases and send what each came to: a fault or an empty text, whether it was refused, seconds and bytes."""
    warnings.simplefilter("error")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # decoders write there
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY, resource.RLIM_INFINITY))
    signal.signal(signal.SIGALRM, _too_slow)
    for number in numbers:
        random, began, fault, refused = (
            np.random.default_rng([SEED, *name.encode(), number]),
            time.monotonic(),
            "",
            False,
        )
        signal.alarm(SLOWEST)
        try:
            target(random)
        except KwsdError:
            refused = True
        except BaseException:  # whatever else there is, is a fault
            fault = traceback.format_exc()
        signal.alarm(0)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        out.send((fault, refused, time.monotonic() - began, grown << 10))
    out.close()


def _collect(given: Connection, outcome: Outcome, number: int) -> int:
    """Add what comes from the cases, and return the number of the first case that sent nothing."""
    while True:
        try:
            fault, refused, seconds, grown = given.recv()
        except EOFError:
            return number
        if fault:
            outcome.faults.append(f"case {number}: {fault}")
        else:
            outcome.refused += refused
            outcome.accepted += not refused
        outcome.slowest, outcome.grown = max(outcome.slowest, seconds), max(outcome.grown, grown)
        number += 1


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _too_slow(*_: object) -> None:
    raise TimeoutError(f"more than {SLOWEST} s")


@click.command()
@click.option("--cases", default=100_000, show_default=True, help="Mutations of all targets together.")
@click.option("--only", default="", help="One target, by its name.")
@click.option("--first", default=0, help="Number of the first case.")
def main(cases: int, only: str, first: int) -> None:
    """Mutate files of every kind and use them."""
    with TemporaryDirectory() as folder:
        known = targets(sorted(EXAMPLES.glob("*.flac")), Path(folder))
        chosen = {name: target for name, target in known.items() if only in ("", name)}
        each, rows, faults = cases // len(chosen), [], []
        for name, target in chosen.items():
            began = time.monotonic()
            found = run(target, range(first, first + each), name)
            faults += [f"{name}, {fault}" for fault in found.faults]
            rows.append((name, each, found.refused, found.accepted, len(found.faults), f"{found.slowest:.2f}",
                         found.grown >> 20, f"{time.monotonic() - began:.0f}"))  # fmt: skip
            click.echo(f"{rows[-1]}", err=True)
        columns = ("mutated", "cases", "refused in a sentence", "used", "faults", "slowest s", "MB grown", "s in all")
        click.echo(table(columns, rows))
        for fault in faults:
            click.echo(fault)


if __name__ == "__main__":
    main()
