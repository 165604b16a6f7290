"""Files and folders that only their owner can read, whatever the umask, for what gives away a voice.

On Windows, which has no modes, they have the access rights of the folder that they are in.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from kwsd.system import set_mode

FILE, FOLDER = 0o600, 0o700


def make_private(folder: Path) -> None:
    """Create a folder and the folders above it where they are missing; the mode of an existing one stays.

    Raises:
        OSError: a folder cannot be created.
    """
    for one in reversed(folder.parents):
        if not one.exists():
            one.mkdir(mode=FOLDER, exist_ok=True)
    folder.mkdir(mode=FOLDER, exist_ok=True)


def open_private(path: Path, mode: str) -> BinaryIO:
    """Open a file for writing, as `open` does with this binary mode; a device or a pipe keeps its mode.

    Raises:
        OSError: the file cannot be opened.
    """
    file: BinaryIO = open(path, mode, opener=_create)  # type: ignore[assignment]  # noqa: SIM115 - it is returned
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        set_mode(file.fileno(), FILE)
    return file


def _create(path: str, flags: int) -> int:
    return os.open(path, flags, FILE)
