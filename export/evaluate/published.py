"""The figures that the papers print, read from a file, for the column beside ours.

Each is a table of a TOML file, `export/evaluate/paper.toml` unless another is named:

    [[figure]]
    task = "speech-search"                       # as in the command
    system = "tokb"                              # as in `export.systems.registry`
    setting = { matching = "edit, compressed" }  # what the row of ours says, see the names of the files in results/
    metric = "mrr"                               # likewise
    value = 0.5                                  # a share where ours is one, not percent; seconds
    source = "the paper and its table"
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from export.evaluate.errors import EvaluationError

Scalar = str | int | float
Key = tuple[str, str, frozenset[tuple[str, Scalar]], str]  # task, system, setting, metric

FIELDS: dict[str, type | tuple[type, ...]] = {
    "task": str,
    "system": str,
    "setting": dict,
    "metric": str,
    "value": (int, float),
    "source": str,
}
PAPER_FILE = Path(__file__).with_name("paper.toml")


@dataclass(frozen=True)
class Figure:
    """What a paper prints, and where."""

    value: float
    source: str


PAPER: dict[Key, Figure] = {}  # none is written here from memory


def key_of(task: str, system: str, setting: Mapping[str, Scalar], metric: str) -> Key:
    """What a figure of ours and a paper's share; 1 and 1.0 are the same."""
    return task, system, frozenset(setting.items()), metric


def read(path: Path, tasks: Iterable[str], systems: Iterable[str]) -> dict[Key, Figure]:
    """PAPER and the figures of a file; PAPER alone where there is none.

    Raises:
        EvaluationError: the file cannot be read, or a figure lacks a field, has a wrong one, or is of an unknown task
            or system.
    """
    if not path.exists():
        return dict(PAPER)
    try:
        rows = list(tomllib.loads(path.read_text()).get("figure", []))
    except (OSError, ValueError, TypeError) as error:
        raise EvaluationError(
            f"{path} cannot be read ({error}): write it as export/evaluate/published.py says"
        ) from error
    known = {"task": set(tasks), "system": set(systems)}
    return PAPER | dict(_figure(path, number, row, known) for number, row in enumerate(rows, 1))


def _figure(path: Path, number: int, row: object, known: Mapping[str, set[str]]) -> tuple[Key, Figure]:
    problem = _problem(row, known)
    if problem or not isinstance(row, dict):
        raise EvaluationError(f"{path}, figure {number}: {problem}; see export/evaluate/published.py for what it holds")
    key = key_of(row["task"], row["system"], row["setting"], row["metric"])
    return key, Figure(float(row["value"]), row["source"])


def _problem(row: object, known: Mapping[str, set[str]]) -> str:
    """What is wrong with a row; empty if nothing is."""
    if not isinstance(row, dict):
        return "it is no table"
    for field, kind in FIELDS.items():
        if field not in row:
            return f"it has no {field}"
        if not isinstance(row[field], kind) or isinstance(row[field], bool):
            return f"its {field} is {row[field]!r}"
    if not math.isfinite(row["value"]):
        return f"its value is {row['value']!r}"
    if not all(isinstance(value, str | int | float) for value in row["setting"].values()):
        return f"its setting is {row['setting']!r}"
    unknown = [field for field, names in known.items() if row[field] not in names]
    return f"there is no {unknown[0]} {row[unknown[0]]!r}" if unknown else ""
