"""An index in an object store or on another machine, over fsspec: s3://, gs://, sftp:// and what else it knows."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import posixpath
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kwsd.archive.storage.folder import LOCK, MANIFEST, Buffer, Written, written
from kwsd.archive.storage.local import LocalFolder
from kwsd.archive.storage.writer_lock import WriterLock
from kwsd.atomic_write import replacing
from kwsd.errors import ArchiveError, KwsdError

AT_ONCE = 8 << 20  # bytes
WHOLE = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci", "memory"}  # an object is there, or not
VERSIONS = ("etag", "ETag", "generation", "mtime", "created", "LastModified", "last_modified")


class RemoteFolder:
    """The files of an index at an address.

    A file is written on this machine first and then sent: object stores show it whole or not at all, and where there
    are folders it is sent under another name and moved. Segments are fetched once and kept below
    `$XDG_CACHE_HOME/kwsd/index`, which may be deleted at any time.

    Args:
        location: scheme://path; credentials are found as fsspec's file system for that scheme finds them.

    Raises:
        ArchiveError: fsspec or its file system for this scheme is not installed, or the address is none.
    """

    def __init__(self, location: str) -> None:
        self.name = location.rstrip("/")
        self._store, self._path = _opened(self.name)
        self._moves = not WHOLE & set(_schemes(self._store))
        self._cache = default_cache() / hashlib.sha256(self.name.encode()).hexdigest()[:16]
        self._claim: WriterLock | None = None
        self._swept = False

    def names(self) -> list[str]:
        """The files that are there; none if the folder is not."""
        with self._telling("read"):
            self._store.invalidate_cache()
            try:
                paths = [path for path in self._store.ls(self._path, detail=False) if path != self._path]
            except FileNotFoundError:
                return []
        names = (posixpath.basename(path.rstrip("/")) for path in paths)
        return sorted(name for name in names if name and not name.startswith("."))

    def map(self, name: str) -> memoryview:
        """The content of a file, fetched if this machine does not have it; FileNotFoundError if there is none."""
        with self._telling("read"):
            if name in (MANIFEST, LOCK):
                return memoryview(self._store.cat_file(self._at(name)))
            facts = self._store.info(self._at(name))
        version = hashlib.sha256(repr([facts.get(key) for key in VERSIONS]).encode()).hexdigest()[:16]
        kept = self._cache / f"{name}-{facts['size']}-{version}"
        if not kept.exists():
            self._fetch(name, kept)
        return LocalFolder(self._cache).map(kept.name)

    def write(self, name: str, parts: Iterable[Buffer]) -> Written:
        """Write a file, or replace it; a reader sees the old one or the new one.

        Raises:
            ArchiveError: it cannot be written, or another writer took over.
        """
        if self._claim and name == MANIFEST:
            self._claim.check()
        with self._telling("written", missing_too=True), tempfile.NamedTemporaryFile(prefix="kwsd-") as file:
            came_to = written(file, parts)
            file.flush()
            self._send(file.name, name)
        return came_to

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        with self._telling("written"), contextlib.suppress(FileNotFoundError):
            self._store.rm_file(self._at(name))

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one writer, as far as that can be had where there are no locks: see `WriterLock`.

        Raises:
            ArchiveError: another process writes, or did so less than two minutes ago and then died.
        """
        with WriterLock(self.name, self._read_lock, self._write_lock, lambda: self.remove(LOCK)) as claim:
            self._claim = claim
            try:
                yield
            finally:
                self._claim = None

    def _at(self, name: str) -> str:
        return f"{self._path.rstrip('/')}/{name}"

    def _send(self, source: str, name: str) -> None:
        if not self._moves:
            self._store.put_file(source, self._at(name))
            return
        part = self._at(f".{name}-{os.urandom(4).hex()}.part")
        self._store.makedirs(self._path, exist_ok=True)
        try:
            self._store.put_file(source, part)
            self._store.mv(part, self._at(name))
        except BaseException:
            with contextlib.suppress(Exception):  # the first error is the one to tell
                self._store.rm_file(part)
            raise

    def _fetch(self, name: str, target: Path) -> None:
        self._sweep()
        with self._telling("read"), self._store.open(self._at(name), "rb") as source, replacing(target) as file:
            shutil.copyfileobj(source, file, AT_ONCE)

    def _sweep(self) -> None:
        """Delete the copies of files that are gone; who has one open still can read it."""
        if self._swept or not self._cache.exists():
            return
        self._swept = True
        there = set(self.names())
        for path in self._cache.iterdir():
            if not path.name.startswith(".") and path.name.rsplit("-", 2)[0] not in there:
                path.unlink(missing_ok=True)

    def _read_lock(self) -> bytes | None:
        try:
            return bytes(self.map(LOCK))
        except FileNotFoundError:
            return None

    def _write_lock(self, content: bytes, new: bool) -> None:
        if not new:
            self.write(LOCK, [content])
            return
        with self._telling("written", missing_too=True):
            if self._moves:
                self._store.makedirs(self._path, exist_ok=True)
            self._store.pipe_file(self._at(LOCK), content, mode="create")

    @contextlib.contextmanager
    def _telling(self, what: str, missing_too: bool = False) -> Iterator[None]:
        try:
            yield
        except (KwsdError, FileExistsError):
            raise
        except Exception as error:  # every store has its own
            if isinstance(error, FileNotFoundError) and not missing_too:
                raise
            raise ArchiveError(f"the index {self.name} cannot be {what}: {_said(error)}") from error


def default_cache() -> Path:
    """Where copies of segments are kept: `$XDG_CACHE_HOME/kwsd/index`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kwsd" / "index"


def _opened(location: str) -> tuple[Any, str]:
    try:
        fsspec = importlib.import_module("fsspec.core")
    except ImportError as error:
        raise ArchiveError(f'{location} needs fsspec: run `pip install "kwsd[cluster]"`') from error
    try:
        store, path = fsspec.url_to_fs(location, use_listings_cache=False)  # others write too
    except Exception as error:  # a missing package, an unknown scheme, or a store's own complaint
        raise ArchiveError(f"the index {location} cannot be reached: {_said(error)}") from error
    return store, path


def _schemes(store: Any) -> tuple[str, ...]:
    return (store.protocol,) if isinstance(store.protocol, str) else tuple(store.protocol)


def _said(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0].rstrip(".")
