"""Open the folder of an index by its path or its address."""

from __future__ import annotations

from pathlib import Path

from kwsd.archive.storage.folder import Folder
from kwsd.archive.storage.local import LocalFolder


def folder_at(location: str | Path) -> Folder:
    """The folder at a path, or at an fsspec address such as s3://bucket/index.

    Raises:
        ArchiveError: fsspec or its file system for the scheme is not installed, or the address is not valid.
    """
    if "://" in str(location):
        from kwsd.archive.storage.remote import RemoteFolder  # noqa: PLC0415 - needs an extra

        return RemoteFolder(str(location))
    return LocalFolder(Path(location))
