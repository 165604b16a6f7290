"""The score track of a scan as a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kwsd.errors import ConfigError
from kwsd.keyword import Keyword
from kwsd.scanning import Trace


def check_writable(path: Path) -> None:
    """Refuse a path that cannot be written, before hours are spent on what belongs there.

    Raises:
        ConfigError: its folder does not exist or may not be written, or the path is a folder.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: give the name of a file to write")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError(f"{path} cannot be written: give a file in a folder that exists and is yours")


def save(path: Path, trace: Trace, keywords: Sequence[Keyword]) -> None:
    """Write the arrays `time` [n] s, `distance` [n, k], `threshold` [k] and `keywords` [k] as .npz.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                time=trace.time,
                distance=trace.distance,
                threshold=np.array([keyword.threshold for keyword in keywords]),
                keywords=np.array([keyword.name for keyword in keywords]),
            )
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
