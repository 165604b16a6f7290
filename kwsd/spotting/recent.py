"""The last frames of a stream."""

from __future__ import annotations

from kwsd.tokenizer.frames import Frames

Recent = tuple[Frames, ...]
"""Runs of frames, each following the one before."""


def recent_with(recent: Recent, frames: Frames, seconds: float) -> Recent:
    """The last runs and new frames; runs that end more than so many seconds before the new ones are left out."""
    if not len(frames):
        return recent
    first = 0
    while first < len(recent) and recent[first].time[-1] < frames.time[0] - seconds:
        first += 1
    return (*recent[first:], frames)
