"""A line on the terminal that is written anew again and again, and the bars in it."""

from __future__ import annotations

import math
import shutil
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwsd.audio.source import Samples

INTERVAL = 0.05  # s between two lines, at least
QUIETEST = -60.0  # dBFS at which the bar of the level is empty
WIDTH = 20  # characters of a bar; the line of `kwsd test` fits 80 columns
CLEAR = "\r\x1b[K"


class Gauge:
    """A line on standard error that replaces the one before; nothing is shown if that is not a terminal."""

    def __init__(self) -> None:
        self._shown = float("-inf")

    def show(self, text: str) -> None:
        """Show the line, unless the one before was shown a moment ago."""
        if sys.stderr.isatty() and time.monotonic() - self._shown >= INTERVAL:
            self._shown = time.monotonic()
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(CLEAR + text[:width])
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away, before something else is written."""
        if sys.stderr.isatty():
            sys.stderr.write(CLEAR)
            sys.stderr.flush()


def level_bar(samples: Samples) -> str:
    """The level of the loudest of the samples, as a bar and in dBFS."""
    peak = max(float(abs(samples).max(initial=0.0)), 1e-6)
    level = 20 * math.log10(peak)
    return f"level {_bar(1 - level / QUIETEST, WIDTH // 2)} {level:4.0f} dBFS"


def distance_bar(distance: float, threshold: float) -> str:
    """The distance beside the threshold, and a bar that reaches its mark where they are the same."""
    is_known = math.isfinite(distance)
    near = 1 - distance / (2 * threshold) if threshold > 0 and is_known else 0.0
    bar = _bar(near, WIDTH)
    middle = 1 + WIDTH // 2
    shown = f"{distance:6.3f}" if is_known else "   far"
    return f"distance {shown} ({threshold:.3f}) {bar[:middle]}|{bar[middle:]}"


def _bar(share: float, width: int) -> str:
    filled = round(min(1.0, max(0.0, share)) * width)
    return f"[{'#' * filled}{' ' * (width - filled)}]"
