"""A writer lock for stores that have no locks: an object that names the holder and is refreshed by a thread."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType

import msgspec

from kwsd.errors import ArchiveError, KwsdError

REFRESH = 20.0  # s between two refreshes of the lock
STALE = 120.0  # s after the last refresh until the lock expires
TAKEOVER_WAIT = 2.0  # s to wait after taking over an expired lock, to see whether another process does the same


class _Holder(msgspec.Struct, frozen=True):
    """What the lock object says: who holds it, and the Unix time in seconds at which it was refreshed."""

    host: str
    pid: int
    time: float
    token: str


class WriterLock:
    """A lock object in a store, held while the context lasts.

    It is advisory. The token of the last process that wrote the object decides which one holds the lock, and the clocks
    of all machines must agree to a minute. A process that was suspended for more than two minutes, and whose lock
    another process took over, notices this at the `check` before it next writes the manifest. A takeover between the
    check and the write is not noticed.

    Args:
        name: of the index, for messages.
        read: returns the object's content, None if it does not exist.
        write: writes the object, (content, new); if `new`, it raises FileExistsError where the object exists.
        remove: deletes the object.

    Raises (on entering):
        ArchiveError: another process holds the lock, or the object is damaged.
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
        self._stopped = threading.Event()
        self._refresher = threading.Thread(target=self._refresh_until_stopped, name="kwsd-writer-lock", daemon=True)

    def __enter__(self) -> WriterLock:
        holder = self._holder()
        if holder and abs(time.time() - holder.time) < STALE:
            raise self._locked_error(holder)
        if holder:
            self._remove()
        try:
            self._write(self._content(), True)
        except FileExistsError:
            raise self._locked_error(self._holder()) from None
        time.sleep(TAKEOVER_WAIT if holder else 0)
        self.check()
        self._refresher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._refresher.join()
        with contextlib.suppress(KwsdError):  # all data is written; the lock expires by itself
            if self._is_ours():
                self._remove()

    def check(self) -> None:
        """Raise ArchiveError if another process has taken over the lock."""
        if not self._is_ours():
            raise self._locked_error(self._holder())

    def _is_ours(self) -> bool:
        holder = self._holder()
        return holder is not None and holder.token == self._token

    def _refresh_until_stopped(self) -> None:
        while not self._stopped.wait(REFRESH):
            with contextlib.suppress(KwsdError):  # the next refresh may succeed
                if self._is_ours():
                    self._write(self._content(), False)

    def _content(self) -> bytes:
        return msgspec.json.encode(_Holder(socket.gethostname(), os.getpid(), time.time(), self._token))

    def _holder(self) -> _Holder | None:
        content = self._read()
        if content is None:
            return None
        try:
            return msgspec.json.decode(content, type=_Holder)
        except (RecursionError, msgspec.MsgspecError):
            raise ArchiveError(f"the lock of the index {self._name} is damaged: delete it if nobody writes") from None

    def _locked_error(self, holder: _Holder | None) -> ArchiveError:
        who = f"process {holder.pid} on {holder.host}" if holder else "another process"
        return ArchiveError(
            f"the index {self._name} is being written by {who}: wait for it, or stop it; "
            f"the lock of a process that died lapses after {STALE:.0f} s"
        )
