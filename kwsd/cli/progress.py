"""The progress bar of a long run, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

FORM = "{percentage:3.0f}% |{bar}| {elapsed} < {remaining}"


class Bar:
    """A progress bar on standard error, as a context; nothing is shown if that is not a terminal.

    Args:
        total: the value at which the run is complete.
    """

    def __init__(self, total: float) -> None:
        self._total = total
        self._bar: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=self._total, bar_format=FORM, leave=False, file=sys.stderr)
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def move(self, done: float) -> None:
        """Show that `done` of the total is complete."""
        if self._bar is not None:
            self._bar.update(min(done, self._total) - self._bar.n)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Hide the bar while something else is written."""
        if self._bar is not None:
            self._bar.clear()
        yield
        if self._bar is not None:
            self._bar.refresh()
