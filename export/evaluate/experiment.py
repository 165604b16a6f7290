"""An experiment: the systems to compare, the folders of corpora, trained systems and results, the seed, the size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from export.evaluate.results import Results


@dataclass(frozen=True, eq=False)
class Experiment:
    """What every task is given; no two are equal, so that what was read for one can be cached.

    Attributes:
        out: the folder of results.
        runs: the folder of trained systems.
        cache: the folder that corpora are unpacked to and alignments are kept in.
        corpora: what each corpus is read from, by name, see `export.corpora.registry`.
        systems: the names of the systems to compare.
        seed: of everything drawn at random.
        quick: whether this is a very small version, to see whether everything works.
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

    def has(self, task: str, system: str, setting: Mapping[str, str | int | float]) -> bool:
        """Whether this was measured already, with the same seed and at the same size."""
        return self.results.has(task, system, setting, self.seed, self.quick)
