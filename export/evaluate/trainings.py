"""How the systems were trained, as their runs logged it: a table for the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from export.evaluate.tables import line
from export.systems.registry import TITLES

HELD_OUT = ("held-out MRR untrained", "at the last step", "at the best", "best step")
HEAD = ("system", "trained on", "K", "steps", "minutes", *HELD_OUT)


def rendered(runs: Path) -> str:
    """A row for every run that was trained, in the order of the systems; empty if there is none."""
    rows = [row for name in TITLES for domain in ("speech", "humming") for row in _rows(runs, name, domain)]
    return "\n".join([line(HEAD), line(["---"] * len(HEAD)), *rows, ""]) if rows else ""


def _rows(runs: Path, name: str, domain: str) -> Iterator[str]:
    """Those of a system, by the size of its codebook."""
    start = f"{domain}-{name}-"
    sizes = sorted(int(text) for p in runs.glob(f"{start}*") if (text := p.name.removeprefix(start)).isdigit())
    for size in sizes:
        judged = list(_judged(runs / f"{start}{size}" / "log.jsonl"))
        untrained = [f"{one['held_out']:.3f}" for one in judged if not one["step"]]
        trained = [one for one in judged if one["step"]]
        if trained:
            best, last = max(trained, key=lambda one: one["held_out"]), trained[-1]
            found = (untrained or ["-"])[0], f"{last['held_out']:.3f}", f"{best['held_out']:.3f}"
            figures = *found, f"{best['step']:.0f}"
            yield line([TITLES[name], domain, size, f"{last['step']:.0f}", f"{_minutes(judged):.0f}", *figures])


def _judged(log: Path) -> Iterator[dict[str, float]]:
    if log.exists():
        for text in log.read_text().splitlines():
            yield json.loads(text)


def _minutes(judged: list[dict[str, float]]) -> float:
    """What all sittings took; a run that was resumed counts its seconds anew."""
    seconds = [one["seconds"] for one in judged]
    ends = [a for a, b in zip(seconds, [*seconds[1:], 0.0], strict=True) if b < a]
    return sum(ends) / 60
