"""Being the one writer of an index in a place that has no locks: an object that says who writes, kept fresh."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from kwsd.errors import ArchiveError, KwsdError

REFRESH = 20.0  # s between signs of life
STALE = 120.0  # s after the last one until a writer is taken for dead
SETTLING = 2.0  # s in which another who takes over the same dead writer's place would show


class WriterLock:
    """The writer's object, for as long as the context lasts.

    No lock: two writers are told apart by the last one's token, and by clocks that must agree to a minute. One that was
    stopped for two minutes, and whose place another took, learns it when it next changes what the index consists of;
    between that question and the change there is a moment in which it cannot know.

    Args:
        name: of the index.
        read: the object's content, None if it is not there.
        write: the object, with this content; FileExistsError for an object that is there, if it is to be a new one.
        remove: the object.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], bytes | None],
        write: Callable[[bytes, bool], None],
        remove: Callable[[], None],
    ) -> None:
        self._name, self._read, self._write, self._remove = name, read, write, remove
        self._token = secrets.token_hex(8)
        self._over = threading.Event()
        self._breath = threading.Thread(target=self._live, name="kwsd-claim", daemon=True)

    def __enter__(self) -> WriterLock:
        holder = self._holder()
        if holder and time.time() - holder["time"] < STALE:
            raise self._taken(holder)
        if holder:
            self._remove()
        try:
            self._write(self._content(), True)
        except FileExistsError:
            raise self._taken(self._holder()) from None
        time.sleep(SETTLING if holder else 0)
        self.check()
        self._breath.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._breath.join()
        with contextlib.suppress(KwsdError):  # what was written is written; the object lapses by itself
            if self._is_ours():
                self._remove()

    def check(self) -> None:
        """Raise ArchiveError if another writer has taken over."""
        if not self._is_ours():
            raise self._taken(self._holder())

    def _is_ours(self) -> bool:
        holder = self._holder()
        return holder is not None and holder["token"] == self._token

    def _live(self) -> None:
        while not self._over.wait(REFRESH):
            with contextlib.suppress(KwsdError):  # the next sign of life may get through
                if self._is_ours():
                    self._write(self._content(), False)

    def _content(self) -> bytes:
        facts = {"host": socket.gethostname(), "pid": os.getpid(), "time": time.time(), "token": self._token}
        return json.dumps(facts).encode()

    def _holder(self) -> Any:
        content = self._read()
        if content is None:
            return None
        try:
            facts = json.loads(content)
            return {key: kind(facts[key]) for key, kind in _KINDS.items()}
        except (ValueError, KeyError, TypeError):
            raise ArchiveError(f"the lock of the index {self._name} is damaged: delete it if nobody writes") from None

    def _taken(self, holder: Any) -> ArchiveError:
        who = f"process {holder['pid']} on {holder['host']}" if holder else "another process"
        return ArchiveError(
            f"the index {self._name} is being written by {who}: wait for it, or stop it; "
            f"the lock of a process that died lapses after {STALE:.0f} s"
        )


_KINDS: dict[str, Callable[[Any], Any]] = {"host": str, "pid": int, "time": float, "token": str}
