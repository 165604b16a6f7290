"""The figures that the papers print, read from a file, for the column beside ours.

They are in a TOML file, `export/evaluate/paper.toml` unless another is named. A figure is written alone:

    [[figure]]
    task = "speech-search"                       # as in the command
    system = "tokb"                              # as in `export.systems.registry`
    setting = { matching = "edit, compressed" }  # what the row of ours says, see the names of the files in results/
    metric = "mrr"                               # likewise
    value = 0.5                                  # a share where ours is one, not percent; seconds
    source = "the paper and its table"

or with others of its table, where a column and a row together say the same:

    [[table]]
    source = "the paper and its table"
    task = "query-by-humming"
    common = { k = 25, metric = "mrr" }          # of all figures of the table; system and metric may stand anywhere
    columns = [{ change = "none" }, { change = "both" }]
    rows = [{ system = "tokb", matching = "dtw", values = [0.8, 0.7] }]
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
# What papers measured and we did not build; tables show them under these names.
ONLY_THERE = ("TokB with L_SK (1, 0)", "TokB with L_SK (1, 0.1)", "the paper's own")


@dataclass(frozen=True)
class Figure:
    """What a paper prints, and where."""

    value: float
    source: str


def key_of(task: str, system: str, setting: Mapping[str, Scalar], metric: str) -> Key:
    """What a figure of ours and a paper's share; 1 and 1.0 are the same."""
    return task, system, frozenset(setting.items()), metric


def read(path: Path, tasks: Iterable[str], systems: Iterable[str]) -> dict[Key, Figure]:
    """The figures of a file; none where there is no file.

    Args:
        path: of the file.
        tasks, systems: the names that figures may be of, beside ONLY_THERE.

    Raises:
        EvaluationError: the file cannot be read, or a figure lacks a field, has a wrong one, or is of an unknown task
            or system.
    """
    if not path.exists():
        return {}
    try:
        written = tomllib.loads(path.read_text())
        rows = [*written.get("figure", []), *(row for table in written.get("table", []) for row in _rows(table))]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EvaluationError(
            f"{path} cannot be read ({error}): write it as export/evaluate/published.py says"
        ) from error
    known = {"task": set(tasks), "system": {*systems, *ONLY_THERE}}
    return dict(_figure(path, number, row, known) for number, row in enumerate(rows, 1))


def _rows(table: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """The figures of a table, each as it would be written alone."""
    for row in table["rows"]:
        for column, value in zip(table["columns"], row["values"], strict=True):
            setting = {**table.get("common", {}), **column, **row}
            apart = {name: setting.pop(name) for name in ("system", "metric")}
            del setting["values"]
            yield {"task": table["task"], "source": table["source"], **apart, "setting": setting, "value": value}


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
