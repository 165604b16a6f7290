"""Results on disk: one JSON file a measurement, written when it is whole, so that an interrupted run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from export.evaluate.errors import EvaluationError


@dataclass(frozen=True)
class Value:
    """A figure and its 95 % bootstrap interval; a time or a size has none, its bounds are None."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Result:
    """One row of a table.

    Attributes:
        task: the task's name, as in the command.
        system: the system's name, see `export.systems.registry`.
        setting: what else tells this row from others, such as {"matching": "edit, compressed", "k": 25}.
        values: the figures by name, such as "mrr", "f1", "p@1", "map"; rates are shares, not percent.
        data: one phrase that says which data the figures are from.
        queries: how many there were.
        seed: of everything drawn at random.
        seconds: what measuring took, without training.
        quick: whether it was a small version, which no table shows.
        more: anything a figure of the report needs.
    """

    task: str
    system: str
    setting: Mapping[str, str | int | float]
    values: Mapping[str, Value]
    data: str
    queries: int
    seed: int
    seconds: float
    quick: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return name_of(self.task, self.system, self.setting)


def name_of(task: str, system: str, setting: Mapping[str, str | int | float]) -> str:
    """What a measurement's file is called, without its ending."""
    parts = [task, system, *(f"{key}={value}" for key, value in setting.items())]
    return ".".join("".join(c if c.isalnum() or c in "=-+" else "_" for c in part) for part in parts)


class Results:
    """A folder of measurements.

    Raises:
        EvaluationError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EvaluationError(f"{folder} cannot be made ({error}): name another folder with --out") from error

    def has(self, task: str, system: str, setting: Mapping[str, str | int | float], seed: int, quick: bool) -> bool:
        """Whether this was measured already, with the same seed and at the same size."""
        found = self._read(self.folder / f"{name_of(task, system, setting)}.json")
        return found is not None and (found.seed, found.quick) == (seed, quick)

    def write(self, result: Result) -> None:
        """Keep a measurement; what was there stays if the disk is full.

        Raises:
            EvaluationError: it cannot be written.
        """
        path = self.folder / f"{result.name}.json"
        part = path.with_suffix(".part")
        try:
            part.write_text(json.dumps(asdict(result), indent=1) + "\n")
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise EvaluationError(f"{path} cannot be written ({error}): make room and run again") from error

    def __iter__(self) -> Iterator[Result]:
        """All measurements, in the order of their names; files that are not measurements are passed over."""
        for path in sorted(self.folder.glob("*.json")):
            found = self._read(path)
            if found is not None:
                yield found

    @staticmethod
    def _read(path: Path) -> Result | None:
        try:
            fields = json.loads(path.read_text())
            values = {name: Value(**value) for name, value in fields.pop("values").items()}
            return Result(**fields, values=values)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
