"""How far a long run is, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

FORM = "{percentage:3.0f}% |{bar}| {elapsed} < {remaining}"


class Bar:
    """A progress bar on standard error, and nothing at all if that is not a terminal; for use as a context.

    Args:
        total: what will be done in the end.
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
        """So much is done now."""
        if self._bar is not None:
            self._bar.update(min(done, self._total) - self._bar.n)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away while something else is written."""
        if self._bar is not None:
            self._bar.clear()
        yield
        if self._bar is not None:
            self._bar.refresh()
