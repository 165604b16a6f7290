"""The score track of a whole scan, in memory and as an .npz file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ConfigError
from kwsd.keywords.keyword import Keyword
from kwsd.private_files import open_private
from kwsd.spotting.score_track import ScoreTrack


class Trace:
    """The score track of a whole scan, in memory: 8 bytes per frame and 4 per keyword; 10 keywords: 4 MB per hour."""

    def __init__(self) -> None:
        self._times: list[NDArray[np.float64]] = []
        self._distances: list[NDArray[np.float32]] = []

    def add(self, track: ScoreTrack) -> None:
        """Append the next part of the score track."""
        self._times.append(track.time)
        self._distances.append(track.distance.astype(np.float32))

    def __len__(self) -> int:
        return sum(map(len, self._times))

    @property
    def time(self) -> NDArray[np.float64]:
        """[n] seconds; the trace must not be empty."""
        return np.concatenate(self._times)

    @property
    def distance(self) -> NDArray[np.float32]:
        """[n, k] distances of the keywords in the order of the scan; the trace must not be empty."""
        return np.concatenate(self._distances)


def check_writable(path: Path) -> None:
    """Check that a file can be written, before a long scan.

    Raises:
        ConfigError: the path is a folder, or its folder does not exist or cannot be written.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: give the name of a file to write")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError(f"{path} cannot be written: give a file in a folder that exists and is yours")


def save(path: Path, trace: Trace, keywords: Sequence[Keyword]) -> None:
    """Write the arrays `time` [n] s, `distance` [n, k], `threshold` [k] and `keywords` [k] as .npz, for its owner only.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        with open_private(path, "wb") as file:
            np.savez_compressed(
                file,
                time=trace.time,
                distance=trace.distance,
                threshold=np.array([keyword.threshold for keyword in keywords]),
                keywords=np.array([keyword.name for keyword in keywords]),
            )
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
