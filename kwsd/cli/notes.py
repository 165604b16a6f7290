"""Notes that native libraries write on standard error themselves, such as those of libmpg123 and of ALSA."""

from __future__ import annotations

import os
import sys
import threading

STANDARD_ERROR = 2


def keep_off() -> None:
    """Let nothing but Python write to this process's standard error; the notes go to the log at the level "debug"."""
    shown = sys.__stderr__
    if shown is None or sys.stderr is not shown:
        return  # another program has put its own stream there
    own = os.dup(STANDARD_ERROR)
    reading, writing = os.pipe()
    os.dup2(writing, STANDARD_ERROR)
    os.close(writing)
    sys.stderr = os.fdopen(own, "w", buffering=1, encoding=shown.encoding, errors="backslashreplace")
    threading.Thread(target=_log_lines, args=(reading,), name="kwsd-notes", daemon=True).start()


def _log_lines(reading: int) -> None:
    with os.fdopen(reading, errors="backslashreplace") as lines:
        for line in lines:
            import structlog

            if structlog.is_configured():
                structlog.get_logger().debug("a library says", note=line.rstrip())
