"""What kwsd tells the world: detections, states and heartbeats, as messages of one version.

A message is a topic and a flat JSON object. `docs/events.md` describes both, `events.schema.json` is their schema.

Times of day are Unix time in seconds, as a float: one number that every language subtracts without a date parser or a
time zone, and whose 53 bits still resolve a quarter of a microsecond. Times named `start` and `end` are seconds from
the start of the audio stream.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar, Self, get_type_hints

from kwsd._fields import from_json_value, scrub, to_json_value
from kwsd._version import __version__
from kwsd.errors import KwsdError

VERSION = 1
"""Version of the messages; it grows only when an old reader would misread a new message."""


class EventError(KwsdError):
    """A message is not an event of kwsd, or is a damaged one."""


class UnknownEventError(EventError):
    """A message is of a kind that this kwsd does not know; a reader may skip it.

    Attributes:
        event: what the message has in common with all others.
    """

    def __init__(self, message: str, event: Event) -> None:
        super().__init__(message)
        self.event = event


class NewerEventError(EventError):
    """A message is of a later version than this kwsd can read."""


class State(StrEnum):
    """The states that kwsd itself reports; a reader must bear with others."""

    STARTING = "starting"
    LISTENING = "listening"
    MICROPHONE_LOST = "microphone-lost"
    MICROPHONE_BACK = "microphone-back"
    OVERFLOW = "overflow"
    SILENT = "silent"
    RELOADED = "reloaded"
    STOPPING = "stopping"


@dataclass(frozen=True, kw_only=True)
class Event:
    """What every message carries.

    Attributes:
        sequence: number of the message among all of its instance, from 1, so that a reader of everything sees gaps.
        instance: short random id of the publishing process, new at each start.
        stream: name of the audio stream.
        wall: Unix time in seconds at which the message was made.
        model: digest of the tokenizer's file, 12 hexadecimal digits.
    """

    kind: ClassVar[str] = "unknown"

    sequence: int
    instance: str
    stream: str
    wall: float
    model: str

    def topic(self) -> str:
        """The topic; it ends in "/", so that subscribing to one topic never brings in a longer one."""
        return f"kwsd/{VERSION}/{self.kind}/"

    def to_dict(self) -> dict[str, Any]:
        """The message as plain values that JSON has; EventError for a number that is not finite."""
        return {"version": VERSION, "event": self.kind} | {
            field.name: _give(self, field.name) for field in fields(self)
        }

    def to_json(self) -> str:
        """The message as one line of ASCII."""
        return json.dumps(self.to_dict())

    def frames(self) -> tuple[bytes, bytes]:
        """Topic and payload, as they go over a socket."""
        return scrub(self.topic()).encode(), self.to_json().encode()

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Self:
        """The event that such a message describes; fields it does not know are ignored. Raises EventError."""
        return cls(**{name: _take(cls, message, name, kind) for name, kind in _field_types(cls).items()})


@dataclass(frozen=True, kw_only=True)
class DetectionEvent(Event):
    """A keyword was heard.

    Attributes:
        keyword: its name.
        distance: how far the audio was from the keyword, in the scorer's unit; at most `threshold`.
        threshold: the largest distance that counts.
        start: second of the stream at which the keyword began.
        end: second of the stream at which it ended.
        heard: Unix time of that end; None where audio is read faster than time, as from a file.
    """

    kind = "detection"

    keyword: str
    distance: float
    threshold: float
    start: float
    end: float
    heard: float | None = None

    def topic(self) -> str:
        """The topic, with the keyword as its last part."""
        return f"{super().topic()}{self.keyword}/"


@dataclass(frozen=True, kw_only=True)
class StatusEvent(Event):
    """The publisher's state changed.

    Attributes:
        state: one of State, or one that a later kwsd has added.
        message: one sentence for people.
        keywords: names of the keywords listened for.
        release: version of kwsd.
        repeat: True when the last status is sent again to a late joiner; its sequence number is the old one then.
    """

    kind = "status"

    state: str
    message: str = ""
    keywords: tuple[str, ...] = ()
    release: str = __version__
    repeat: bool = False


@dataclass(frozen=True, kw_only=True)
class HeartbeatEvent(Event):
    """The publisher is alive, and how well.

    Attributes:
        uptime: seconds since it started.
        processed: seconds of audio searched since then.
        dropped: seconds of audio lost since then.
        detections: keywords heard since then.
        load: CPU seconds spent per second of audio; above 1 it falls behind.
        queue: seconds of audio waiting to be searched.
        level: recent level of the audio in dBFS; None when there is nothing but digital silence.
    """

    kind = "heartbeat"

    uptime: float
    processed: float
    dropped: float
    detections: int
    load: float
    queue: float
    level: float | None = None

    def __post_init__(self) -> None:
        # Digital silence has a level of minus infinity, a number that JSON lacks.
        if self.level == -math.inf:
            object.__setattr__(self, "level", None)


KINDS: Mapping[str, type[Event]] = {known.kind: known for known in (DetectionEvent, StatusEvent, HeartbeatEvent)}


def from_json(text: str | bytes) -> Event:
    """The event in a JSON text; raises EventError, NewerEventError or UnknownEventError."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EventError("the message is not JSON: is its sender kwsd?") from error
    if not isinstance(message, dict):
        raise EventError("the message is not a JSON object: is its sender kwsd?")
    _check_version(message.get("version"))
    kind = message.get("event")
    if not isinstance(kind, str) or kind not in KINDS:
        raise UnknownEventError(
            f"the message is of an unknown kind ({kind!r:.40}): update kwsd to read it", Event.from_dict(message)
        )
    return KINDS[kind].from_dict(message)


def parse(topic: str | bytes, payload: str | bytes) -> Event:
    """The event in the two frames of a message; raises the errors of `from_json`."""
    event = from_json(payload)
    shown = topic.decode("utf-8", "replace") if isinstance(topic, bytes) else topic
    if shown != event.topic():
        raise EventError(f"the topic {shown!r} belongs to another message than the one below it: is its sender kwsd?")
    return event


def _check_version(version: object) -> None:
    if type(version) is not int or version < 1:
        raise EventError("the message has no version: is its sender kwsd?")
    if version > VERSION:
        raise NewerEventError(
            f"the message is of version {version} and this kwsd reads version {VERSION}: "
            "update kwsd to the release that sent it"
        )


def _field_types(cls: type[Event]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


def _give(event: Event, name: str) -> Any:
    try:
        return to_json_value(getattr(event, name))
    except ValueError as error:
        raise EventError(f"{name!r} of a {event.kind} event must be finite, and is {error}") from error


def _take(cls: type[Event], message: Mapping[str, Any], name: str, kind: Any) -> Any:
    try:
        return from_json_value(kind, message[name])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EventError(f"the {cls.kind} event has no usable field {name!r}: is its sender kwsd?") from error
