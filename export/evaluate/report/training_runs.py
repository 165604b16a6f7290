"""The training runs of the report, read from their logs: a table of what each was worth, and their learning curves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from export.evaluate.report.tables import line
from export.systems.registry import TITLES

HELD_OUT = ("held-out MRR untrained", "at the last step", "at the best", "best step")
HEAD = ("system", "trained on", "K", "steps", "minutes", *HELD_OUT)
# What later runs log besides, shown before training and at the best step.
MEASURES = {"dtw": "DTW", "edit, compressed": "tokens", "dimensions": "dimensions", "used": "tokens in use"}
DOMAINS = ("speech", "humming")
Logged = dict[str, float]


@dataclass(frozen=True)
class Training:
    """A run of a system; `judged` are the lines of its log, of which step 0 is the untrained system."""

    name: str
    domain: str
    tokens: int
    judged: list[Logged]

    @property
    def untrained(self) -> float | None:
        """What the untrained system was worth; None if nobody asked."""
        return next((one["held_out"] for one in self.judged if not one["step"]), None)

    @property
    def steps(self) -> list[Logged]:
        """Where it was judged since."""
        return [one for one in self.judged if one["step"]]

    @property
    def best(self) -> Logged:
        """The line of the step that it was kept at."""
        return max(self.steps, key=lambda one: one["held_out"])

    @property
    def minutes(self) -> float:
        """What all sittings took; a run that was resumed counts its seconds anew."""
        seconds = [one["seconds"] for one in self.judged]
        ends = [a for a, b in zip(seconds, [*seconds[1:], 0.0], strict=True) if b < a]
        return sum(ends) / 60

    def row(self, measures: Sequence[str]) -> str:
        """A row of the table, with the changes of these of MEASURES."""
        untrained = "-" if self.untrained is None else f"{self.untrained:.3f}"
        last, best = self.steps[-1], self.best
        found = untrained, f"{last['held_out']:.3f}", f"{best['held_out']:.3f}", f"{best['step']:.0f}"
        changes = (self._change(name) for name in measures)
        steps, minutes = f"{last['step']:.0f}", f"{self.minutes:.0f}"
        return line([TITLES[self.name], self.domain, self.tokens, steps, minutes, *found, *changes])

    def _change(self, name: str) -> str:
        """One of MEASURES of the untrained system, and at the best step."""
        values = [next((one for one in self.judged if not one["step"]), {}).get(name), self.best.get(name)]
        digits = 3 if name in ("dtw", "edit, compressed") else 1
        return " / ".join("-" if value is None else f"{value:.{digits}f}" for value in values)


def logged(runs: Path) -> list[Training]:
    """Every run that was trained, in the order of the systems."""
    return [run for name in TITLES for domain in DOMAINS for run in _logged(runs, name, domain)]


def rendered(runs: Path) -> str:
    """A row for every run that was trained, and a sentence; empty if there is none."""
    found = logged(runs)
    if not found:
        return ""
    measures = [name for name in MEASURES if any(name in run.best for run in found)]
    head = [*HEAD, *(f"{MEASURES[name]}, before / at the best" for name in measures)]
    return "\n".join([line(head), line(["---"] * len(head)), *(run.row(measures) for run in found), "", *_gains(found)])


def _gains(found: list[Training]) -> Iterator[str]:
    """How many were worth more for being trained, by what they are trained on."""
    counts = []
    for domain in DOMAINS:
        known = [(run.best["held_out"], run.untrained) for run in found if run.domain == domain]
        pairs = [(best, untrained) for best, untrained in known if untrained is not None]
        if pairs:
            counts.append(f"{sum(best > untrained for best, untrained in pairs)} of {len(pairs)} on {domain}")
    if counts:
        yield f"Worth more at the best step than untrained, by this measure: {', '.join(counts)}.\n"


def _logged(runs: Path, name: str, domain: str) -> Iterator[Training]:
    """Those of a system, by the size of its codebook."""
    start = f"{domain}-{name}-"
    found = ((log.parent.name.removeprefix(start), log) for log in runs.glob(f"{start}*/log.jsonl"))
    for size, log in sorted((int(size), log) for size, log in found if size.isdigit()):
        run = Training(name, domain, size, [json.loads(text) for text in log.read_text().splitlines()])
        if run.steps:
            yield run
