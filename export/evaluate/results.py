"""Results on disk: one JSON file a measurement, written when it is whole, so that an interrupted run goes on.

Many can be packed into one file of lines, to be kept with the document that they are shown in.
"""

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


PACKED = "results.jsonl"


class Results:
    """A folder of measurements, of which a single file counts before a line of PACKED.

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
        name = name_of(task, system, setting)
        found = self._read(self.folder / f"{name}.json") or self._packed().get(name)
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
        alone = (self._read(path) for path in self.folder.glob("*.json"))
        found = self._packed() | {result.name: result for result in alone if result is not None}
        yield from (found[name] for name in sorted(found))

    def pack(self) -> None:
        """Put all measurements into PACKED, and take their single files away."""
        path, found = self.folder / PACKED, list(self)
        part = path.with_suffix(".part")
        part.write_text("".join(json.dumps(asdict(result)) + "\n" for result in found if not result.quick))
        part.replace(path)
        for result in found:
            (self.folder / f"{result.name}.json").unlink(missing_ok=True)

    def _packed(self) -> dict[str, Result]:
        path = self.folder / PACKED
        lines = path.read_text().splitlines() if path.exists() else []
        return {result.name: result for line in lines if (result := _result(line)) is not None}

    @staticmethod
    def _read(path: Path) -> Result | None:
        try:
            return _result(path.read_text())
        except (OSError, UnicodeDecodeError):
            return None


def _result(text: str) -> Result | None:
    """A measurement as it was written; None where it is not one."""
    try:
        fields = json.loads(text)
        values = {name: Value(**value) for name, value in fields.pop("values").items()}
        return Result(**fields, values=values)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
