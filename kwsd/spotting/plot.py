"""Plot of a score track: the distance of each keyword over time, with its threshold, detections and near misses."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ConfigError
from kwsd.keywords.keyword import Keyword
from kwsd.private_files import open_private
from kwsd.spotting.detection import Detection
from kwsd.spotting.near_misses import MARGIN, NearMiss, NearMisses
from kwsd.spotting.score_track import ScoreTrack

POINTS = 4000  # points of a curve, at most; a wide picture shows no more
WIDTH, HEIGHT = 14.0, 2.2  # inches, of the panel of one keyword
HOURS, MINUTES = 7200.0, 300.0  # s; from these lengths on the axis is in hours or minutes


def load() -> Any:
    """The module matplotlib.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import matplotlib.figure  # noqa: PLC0415  # optional, and slow to load
    except ImportError:
        raise ConfigError('pictures need matplotlib: run `pip install "kwsd[plot]"`') from None
    return matplotlib


def plot(
    path: Path,
    time: NDArray[np.float64],
    distance: NDArray[np.float32],
    keywords: Sequence[Keyword],
    detections: Sequence[Detection],
) -> None:
    """Draw a panel for each keyword, with its detections and near misses, into a file that its owner alone can read.

    Args:
        path: the file; its suffix gives the format, PNG if there is none.
        time: [n] seconds.
        distance: [n, k] of the keywords.
        keywords: k of them.
        detections: detections of these keywords.

    Raises:
        ConfigError: matplotlib is missing, has no such format, or cannot write there.
    """
    seconds, unit = _unit(time)
    nearly = [near(time, distance[:, k], keyword.threshold) for k, keyword in enumerate(keywords)]
    time, distance = decimate(time, distance)
    figure = load().figure.Figure((WIDTH, 0.8 + HEIGHT * len(keywords)), layout="constrained")
    panels = figure.subplots(len(keywords), sharex=True, squeeze=False)[:, 0]
    for k, (panel, keyword) in enumerate(zip(panels, keywords, strict=True)):
        panel.plot(time / seconds, np.where(np.isfinite(distance[:, k]), distance[:, k], np.nan), linewidth=0.8)
        panel.axhline(keyword.threshold, color="black", linestyle="--", linewidth=0.8, label="threshold")
        for one in detections:
            if one.keyword == keyword.name:
                panel.axvspan(one.start / seconds, one.end / seconds, color="tab:green", alpha=0.4, label="detection")
        for miss in nearly[k]:
            panel.plot(miss.start / seconds, miss.distance, "v", color="tab:orange", label="near miss")
        panel.set(title=keyword.name, ylabel="distance")
    labelled = {label: mark for panel in panels for mark, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(labelled.values(), labelled.keys(), loc="outside upper right", ncols=len(labelled))
    panels[-1].set(xlabel=unit, xlim=(time[0] / seconds, time[-1] / seconds) if len(time) > 1 else None)
    _write(figure, path)


def near(time: NDArray[np.float64], distance: NDArray[np.float32], threshold: float) -> list[NearMiss]:
    """The near misses of one keyword in a score track.

    Args:
        time: [n] seconds.
        distance: [n] of the keyword.
        threshold: the keyword's.

    Returns:
        The near misses; their start and end are the time at which the distance was lowest.
    """
    close = distance <= threshold + MARGIN
    close[1:] |= close[:-1]  # with the frame after, which says that the distance has risen again
    times = time[close, None]
    found = NearMisses(threshold)
    found.add(ScoreTrack(time[close], distance[close, None].astype(float), times, times))
    return found.flush()


def decimate(
    time: NDArray[np.float64], distance: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Reduce a score track to at most POINTS parts: the first time [m] and the lowest distances [m, k] of each."""
    step = -(-len(time) // POINTS)
    if step <= 1:
        return time, distance
    firsts = np.arange(0, len(time), step)
    return time[firsts], np.minimum.reduceat(distance, firsts, axis=0)


def _unit(time: NDArray[np.float64]) -> tuple[float, str]:
    longest = float(time[-1]) if len(time) else 0.0
    if longest >= HOURS:
        return 3600.0, "hours"
    return (60.0, "minutes") if longest >= MINUTES else (1.0, "seconds")


def _write(figure: Any, path: Path) -> None:
    picture = io.BytesIO()
    try:
        figure.savefig(picture, dpi=100, format=path.suffix[1:] or "png")
        with open_private(path, "wb") as file:
            file.write(picture.getbuffer())
    except ValueError as error:
        raise ConfigError(f"{path} cannot be drawn: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
