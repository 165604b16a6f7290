"""Markdown tables, whole or row by row as figures come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with one line for each row, without a line break at its end."""
    return "\n".join([header(columns), *(row(cells) for cells in rows)])


def header(columns: Sequence[str], numbers: int = 0) -> str:
    """The two lines above the rows, of which the last `numbers` columns are set to the right."""
    rules = ["---"] * (len(columns) - numbers) + ["---:"] * numbers
    return f"{row(columns)}\n|{'|'.join(rules)}|"


def row(cells: Iterable[object]) -> str:
    """One line; floats are rounded to one decimal."""
    return f"| {' | '.join(f'{cell:.1f}' if isinstance(cell, float) else str(cell) for cell in cells)} |"
