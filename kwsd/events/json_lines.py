"""Events as JSON lines on a text stream, for pipes and files."""

from __future__ import annotations

import os
import threading
from typing import TextIO

from kwsd.errors import KwsdError
from kwsd.events.messages import Event


class ReaderGone(KwsdError):  # noqa: N818 - as StopIteration this is no error: `| head` ends so
    """The reader of the JSON lines has closed the pipe; a program that writes nothing else ends without a message."""


class JsonLinesPublisher:
    """Writes one event a line and flushes it, so that the next program in a pipe can read it at once.

    The stream stays open on `close()`: it belongs to the caller.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._gone = False
        self._lock = threading.Lock()

    def publish(self, event: Event) -> None:
        """Write the event; raises ReaderGone once the pipe is closed, and at every later call."""
        line = event.to_json() + "\n"
        with self._lock:
            self._write(line)

    def close(self) -> None:
        """Nothing to do: each line was flushed."""

    def _write(self, line: str) -> None:
        try:
            if not self._gone:
                self._stream.write(line)
                self._stream.flush()
                return
        except BrokenPipeError:
            self._gone = True
            _discard_the_rest(self._stream)
        raise ReaderGone("the reader of the JSON lines has closed the pipe: start it again to go on")


def _discard_the_rest(stream: TextIO) -> None:
    # The line stays in the stream's buffer, and Python would complain again when it flushes that at exit.
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a path to compute with
        os.dup2(nowhere.fileno(), stream.fileno())
