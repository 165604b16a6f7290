"""What every task is given: where data, trained systems and results are, and how large the run is to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from export.evaluate.results import Results


@dataclass(frozen=True, eq=False)
class Context:
    """A run of the evaluation; no two are equal, so that what was read for one can be remembered.

    Attributes:
        out: the folder of results.
        runs: the folder of trained systems.
        cache: the folder that corpora are unpacked to and alignments are kept in.
        corpora: what each corpus is read from, by name, see `export.corpora.registry`.
        systems: the names of those to be compared.
        seed: of everything drawn at random.
        quick: a small version of everything.
    """

    out: Path
    runs: Path
    cache: Path
    corpora: Mapping[str, Path] = field(default_factory=dict)
    systems: tuple[str, ...] = ()
    seed: int = 20261122
    quick: bool = False

    @cached_property
    def results(self) -> Results:
        """The folder of results, made when it is first asked for."""
        return Results(self.out)
