"""Detections in files, as lines for people or as the events that `kwsd listen` publishes."""

from __future__ import annotations

import secrets
import sys
import time
from pathlib import Path

import click

from kwsd.audio.opening import shown
from kwsd.events.json_lines import JsonLinesPublisher
from kwsd.events.messages import DetectionEvent
from kwsd.spotting.detection import Detection


class Printer:
    """Writes detections to standard output.

    Args:
        jsonl: write events, one JSON object a line.
        model: the tokenizer's digest, for the events.
    """

    def __init__(self, jsonl: bool, model: str) -> None:
        self._jsonl, self._model = jsonl, model
        self._instance = secrets.token_hex(4)
        self._count = 0

    def print(self, path: Path, detection: Detection, channel: int | None = None) -> None:
        """Write one detection, with the channel, from 1, if the file was scanned by channel."""
        if self._jsonl:
            JsonLinesPublisher(sys.stdout).publish(self._event(path, detection, channel))
        else:
            click.echo(line(path, detection, channel))

    def _event(self, path: Path, detection: Detection, channel: int | None) -> DetectionEvent:
        self._count += 1
        return DetectionEvent(
            sequence=self._count,
            instance=self._instance,
            stream=shown(path),
            wall=time.time(),
            model=self._model,
            channel=channel,
            **vars(detection),
        )


def line(path: Path, detection: Detection, channel: int | None = None) -> str:
    """A detection as one line for people: seconds, keyword, distance (threshold), file, channel."""
    one, place = detection, shown(path) if channel is None else f"{shown(path)}, channel {channel}"
    return f"{one.start:9.2f} - {one.end:9.2f}  {one.keyword}  {one.distance:.3f} ({one.threshold:.3f})  {place}"
