"""An index folder in an object store or on another machine, over fsspec: s3://, gs://, sftp:// and others."""

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

from kwsd.archive.storage.folder import LOCK, MANIFEST, Buffer, Written, write_parts
from kwsd.archive.storage.local import LocalFolder
from kwsd.archive.storage.writer_lock import WriterLock
from kwsd.atomic_write import replacing
from kwsd.errors import ArchiveError, KwsdError

COPY_BYTES = 8 << 20  # buffer size of a download
# Schemes of stores in which an upload appears as a whole or not at all.
OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci", "memory"}
VERSION_KEYS = ("etag", "ETag", "generation", "mtime", "created", "LastModified", "last_modified")


class RemoteFolder:
    """An index folder at an fsspec address.

    A file is written to a local temporary file and then uploaded. In object stores an upload appears as a whole or not
    at all; in other file systems it is uploaded under a temporary name and renamed. Segments are downloaded once and
    cached below `$XDG_CACHE_HOME/kwsd/index`, which may be deleted at any time.

    Args:
        location: scheme://path; credentials are found as fsspec's file system for that scheme finds them.

    Raises:
        ArchiveError: fsspec or its file system for this scheme is not installed, or the address is not valid.
    """

    def __init__(self, location: str) -> None:
        self.name = location.rstrip("/")
        self._store, self._path = _open_store(self.name)
        self._renames = not OBJECT_STORES & set(_schemes(self._store))
        self._cache = default_cache() / hashlib.sha256(self.name.encode()).hexdigest()[:16]
        self._lock: WriterLock | None = None
        self._cache_swept = False

    def names(self) -> list[str]:
        """The names of the files, sorted; empty if the folder does not exist."""
        return sorted(name for name in self._all_names() if not name.startswith("."))

    def map(self, name: str) -> memoryview:
        """The content of a file, downloaded unless it is in the cache; FileNotFoundError if there is none."""
        with self._store_errors("read"):
            if name in (MANIFEST, LOCK):
                return memoryview(self._store.cat_file(self._path_of(name)))
            facts = self._store.info(self._path_of(name))
        version = hashlib.sha256(repr([facts.get(key) for key in VERSION_KEYS]).encode()).hexdigest()[:16]
        cached = self._cache / f"{name}-{facts['size']}-{version}"
        if not cached.exists():
            self._fetch(name, cached)
        return LocalFolder(self._cache).map(cached.name)

    def write(self, name: str, parts: Iterable[Buffer]) -> Written:
        """Create or replace a file; a reader sees the old content or the new one.

        Raises:
            ArchiveError: it cannot be written, or another writer took over the writer lock.
        """
        if self._lock and name == MANIFEST:
            self._lock.check()
        with self._store_errors("written", and_missing=True), tempfile.NamedTemporaryFile(prefix="kwsd-") as file:
            file_facts = write_parts(file, parts)
            file.flush()
            self._send(file.name, name)
        return file_facts

    def remove(self, name: str) -> None:
        """Delete a file if it exists."""
        with self._store_errors("written"), contextlib.suppress(FileNotFoundError):
            self._store.rm_file(self._path_of(name))

    @contextlib.contextmanager
    def writer_lock(self) -> Iterator[None]:
        """Hold the writer lock inside the context; see `WriterLock` for its limits.

        Raises:
            ArchiveError: another process holds the lock, or died less than two minutes ago while it did.
        """
        with WriterLock(self.name, self._read_lock, self._write_lock, lambda: self.remove(LOCK)) as lock:
            self._lock = lock
            self._remove_parts()
            try:
                yield
            finally:
                self._lock = None

    def _all_names(self) -> list[str]:
        with self._store_errors("read"):
            self._store.invalidate_cache()
            try:
                paths = [path for path in self._store.ls(self._path, detail=False) if path != self._path]
            except FileNotFoundError:
                return []
        return [name for path in paths if (name := posixpath.basename(path.rstrip("/")))]

    def _remove_parts(self) -> None:
        """Delete the temporary files of a writer that was killed; there is no other writer."""
        for name in self._all_names():
            if name.startswith(".") and name.endswith(".part"):
                self.remove(name)

    def _path_of(self, name: str) -> str:
        return f"{self._path.rstrip('/')}/{name}"

    def _send(self, source: str, name: str) -> None:
        if not self._renames:
            self._store.put_file(source, self._path_of(name))
            return
        part = self._path_of(f".{name}-{os.urandom(4).hex()}.part")
        self._store.makedirs(self._path, exist_ok=True)
        try:
            self._store.put_file(source, part)
            self._store.mv(part, self._path_of(name))
        except BaseException:
            with contextlib.suppress(Exception):  # the first error is raised
                self._store.rm_file(part)
            raise

    def _fetch(self, name: str, target: Path) -> None:
        self._sweep_cache()
        with (
            self._store_errors("read"),
            self._store.open(self._path_of(name), "rb") as source,
            replacing(target) as file,
        ):
            shutil.copyfileobj(source, file, COPY_BYTES)

    def _sweep_cache(self) -> None:
        """Delete cached copies of files that no longer exist; an open one stays readable."""
        if self._cache_swept or not self._cache.exists():
            return
        self._cache_swept = True
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
        with self._store_errors("written", and_missing=True):
            if self._renames:
                self._store.makedirs(self._path, exist_ok=True)
            self._store.pipe_file(self._path_of(LOCK), content, mode="create")

    @contextlib.contextmanager
    def _store_errors(self, what: str, and_missing: bool = False) -> Iterator[None]:
        try:
            yield
        except (KwsdError, FileExistsError):
            raise
        except Exception as error:  # each store raises its own types
            if isinstance(error, FileNotFoundError) and not and_missing:
                raise
            raise ArchiveError(f"the index {self.name} cannot be {what}: {_message(error)}") from error


def default_cache() -> Path:
    """Where copies of segments are cached: `$XDG_CACHE_HOME/kwsd/index`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kwsd" / "index"


def _open_store(location: str) -> tuple[Any, str]:
    try:
        fsspec = importlib.import_module("fsspec.core")
    except ImportError as error:
        raise ArchiveError(f'{location} needs fsspec: run `pip install "kwsd[cluster]"`') from error
    try:
        store, path = fsspec.url_to_fs(location, use_listings_cache=False)  # other machines write too
    except Exception as error:  # a missing package, an unknown scheme, or a store's own complaint
        raise ArchiveError(f"the index {location} cannot be reached: {_message(error)}") from error
    return store, path


def _schemes(store: Any) -> tuple[str, ...]:
    return (store.protocol,) if isinstance(store.protocol, str) else tuple(store.protocol)


def _message(error: Exception) -> str:
    text = str(getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0].rstrip(".")
    if isinstance(error, PermissionError):
        return f"access was refused ({text}): check the credentials of the store, and what they may do there"
    return text
