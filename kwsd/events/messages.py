"""Messages of kwsd: detections, states and heartbeats, all of one version.

A message is a topic and a flat JSON object. `docs/events.md` describes both. The annotations of the classes are
the schema: `python -m kwsd.events.schema` writes it to `events.schema.json`, with the descriptions that stand here.

Times of day are Unix time in seconds, as a float: one number that every language subtracts without a date parser or a
time zone, and whose 53 bits still resolve a quarter of a microsecond. Times named `start` and `end` are seconds from
the start of the audio stream.
"""

from __future__ import annotations

import functools
import json
import math
import numbers
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self, get_type_hints

import msgspec
from msgspec import Meta

from kwsd._version import __version__
from kwsd.errors import KwsdError

VERSION = 1
"""Version of the messages; it grows only when an old reader would misread a new message."""


class EventError(KwsdError):
    """A message is not an event of kwsd, or is a damaged one."""


class UnknownEventError(EventError):
    """A message is of a kind that this kwsd does not know; a reader may skip it.

    Attributes:
        event: the fields that all messages have.
    """

    def __init__(self, message: str, event: Event) -> None:
        super().__init__(message)
        self.event = event


class NewerEventError(EventError):
    """A message is of a later version than this kwsd can read."""


class State(StrEnum):
    """The states that kwsd reports; a reader must accept others."""

    STARTING = "starting"
    LISTENING = "listening"
    PAUSED = "paused"
    MICROPHONE_LOST = "microphone-lost"
    MICROPHONE_BACK = "microphone-back"
    OVERFLOW = "overflow"
    NO_AUDIO = "no-audio"
    SILENT = "silent"
    CLIPPED = "clipped"
    RELOADED = "reloaded"
    RELOAD_FAILED = "reload-failed"
    STOPPING = "stopping"


@dataclass(frozen=True, kw_only=True)
class Event:
    """The fields of every message."""

    kind: ClassVar[str] = "unknown"

    sequence: Annotated[int, Meta(ge=1, description="Number of the message among all of its instance, from 1.")]
    instance: Annotated[
        str, Meta(min_length=1, description="Short random id of the publishing process, new at each start.")
    ]
    stream: Annotated[str, Meta(description="Name of the audio stream.")]
    wall: Annotated[float, Meta(description="Unix time in seconds at which the message was made.")]
    model: Annotated[str, Meta(pattern="^[0-9a-f]{12}$", description="Digest of the tokenizer's file.")]

    def topic(self) -> str:
        """The topic; it ends in "/", so that subscribing to one topic never brings in a longer one."""
        return f"kwsd/{VERSION}/{self.kind}/"

    def to_dict(self) -> dict[str, Any]:
        """The message as plain values that JSON has; EventError for a number that is not finite."""
        values = msgspec.to_builtins(self, enc_hook=_plain)
        return {"version": VERSION, "event": self.kind} | {
            name: _sendable(self.kind, name, value) for name, value in values.items()
        }

    def to_json(self) -> str:
        """The message as one line of ASCII."""
        return json.dumps(self.to_dict())

    def frames(self) -> tuple[bytes, bytes]:
        """Topic and payload, as they go over a socket."""
        return _scrubbed(self.topic()).encode(), self.to_json().encode()

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Self:
        """The event that such a message describes; fields it does not know are ignored. Raises EventError."""
        kinds = _received(cls)  # type: ignore[arg-type] # mypy takes no type[Self] for hashable
        given = {name: kind for name, kind in kinds.items() if name in message or name not in _ADDED}
        return cls(**{name: _take(cls, message, name, kind) for name, kind in given.items()})


@dataclass(frozen=True, kw_only=True)
class DetectionEvent(Event):
    """A keyword was heard."""

    kind = "detection"

    keyword: Annotated[str, Meta(pattern=r"^[^/\u0000-\u001f\u007f]+$", description="Name of the keyword.")]
    distance: Annotated[
        float,
        Meta(description="How far the audio was from the keyword, in the scorer's unit; at most the threshold."),
    ]
    threshold: Annotated[float, Meta(description="The largest distance that counts.")]
    start: Annotated[float, Meta(description="Second of the stream at which the keyword began.")]
    end: Annotated[float, Meta(description="Second of the stream up to which it was heard; it may go on for 0.2 s.")]
    heard: Annotated[
        float | None, Meta(description="Unix time of that end; null where audio is faster than time, as from a file.")
    ] = None

    channel: Annotated[
        int | None,
        Meta(description="Number of the channel, from 1, where each is searched by itself; null for their mean."),
    ] = None

    def topic(self) -> str:
        """The topic, with the keyword as its last part."""
        return f"{super().topic()}{self.keyword}/"


@dataclass(frozen=True, kw_only=True)
class StatusEvent(Event):
    """The publisher's state changed."""

    kind = "status"

    state: Annotated[
        str,
        Meta(min_length=1, examples=list(map(str, State)), description="The new state; later releases may add more."),
    ]
    message: Annotated[str, Meta(description="One sentence for people, or nothing.")] = ""
    keywords: Annotated[tuple[str, ...], Meta(description="Names of the keywords listened for.")] = ()
    release: Annotated[str, Meta(description="Version of kwsd.")] = __version__
    repeat: Annotated[
        bool, Meta(description="Whether it is the last status, sent again to a late joiner with its old number.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class HeartbeatEvent(Event):
    """The publisher is alive, and how well."""

    kind = "heartbeat"

    uptime: Annotated[float, Meta(description="Seconds since the start.")]
    processed: Annotated[float, Meta(description="Seconds of audio searched since then.")]
    dropped: Annotated[float, Meta(description="Seconds of audio lost since then.")]
    detections: Annotated[int, Meta(description="Keywords heard since then.")]
    load: Annotated[float, Meta(description="CPU seconds spent per second of audio; above 1 it falls behind.")]
    queue: Annotated[float, Meta(description="Seconds of audio waiting to be searched.")]
    level: Annotated[float | None, Meta(description="Recent level of the audio in dBFS; null for digital silence.")] = (
        None
    )
    latency: Annotated[
        float | None,
        Meta(
            description="Longest recent time in seconds from the end of a block of audio to the end of its search; "
            "null where audio is faster than time, as from a file."
        ),
    ] = None
    overflows: Annotated[int, Meta(description="Losses of audio since the start because the machine was too busy.")] = 0
    reopenings: Annotated[int, Meta(description="Returns of a microphone that was lost, since the start.")] = 0
    restarts: Annotated[int, Meta(description="Starts by the service manager after a failure.")] = 0

    def __post_init__(self) -> None:
        # Digital silence has a level of minus infinity, a number that JSON lacks.
        if self.level == -math.inf:
            object.__setattr__(self, "level", None)


_ADDED = {"channel"}  # fields that early messages of this version lack

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


# Whole numbers and numbers that are not finite also reach a float from JSON, as Python reads it.
_FINITE = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
_RECEIVED: Mapping[Any, Any] = {float: _FINITE, float | None: _FINITE | None}


@functools.cache
def _received(cls: type[Event]) -> dict[str, Any]:
    """The fields with the types that a reader insists on: those of the schema without its ranges and patterns."""
    hints = {name: kind for name, kind in get_type_hints(cls).items() if name != "kind"}
    return {name: _RECEIVED.get(kind, kind) for name, kind in hints.items()}


def _take(cls: type[Event], message: Mapping[str, Any], name: str, kind: Any) -> Any:
    try:
        return msgspec.convert(message[name], kind)
    except (KeyError, msgspec.ValidationError, UnicodeEncodeError) as error:
        raise EventError(f"the {cls.kind} event has no usable field {name!r}: is its sender kwsd?") from error


def _plain(value: Any) -> str | int | float:
    """A text or number of Python from one of numpy."""
    if isinstance(value, str):
        return str(value)
    if not isinstance(value, numbers.Real):
        raise TypeError(f"a {type(value).__name__} has no place in a message")
    return int(value) if isinstance(value, numbers.Integral) else float(value)


def _sendable(kind: str, name: str, value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise EventError(f"{name!r} of a {kind} event must be finite, and is {value}")
    if isinstance(value, str):
        return _scrubbed(value)
    return [_scrubbed(text) for text in value] if isinstance(value, list | tuple) else value


def _scrubbed(text: str) -> str:
    """The text as UTF-8 can carry it, with "?" for the rest."""
    # File names that are not UTF-8 reach Python with lone surrogates, which strict JSON readers refuse.
    return text.encode("utf-8", "replace").decode()
