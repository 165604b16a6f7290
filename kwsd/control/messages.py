"""Messages of control: a request and its reply, each a JSON object.

`docs/control.md` describes both. The annotations of the classes are the schema: `python -m kwsd.control.schema` writes
it to `control.schema.json`, with the descriptions that stand here.
"""

# Not `from __future__ import annotations`: msgspec reads the annotations of every class when it is first used.

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from kwsd._version import __version__
from kwsd.errors import KwsdError

VERSION: Literal[1] = 1
"""Version of the messages; it grows only when an old reader would misread a new message."""

LONGEST = 16 * 1024
"""Bytes of a request."""

MOST_OFTEN = 20.0
"""Messages a second with scores, for one client."""

Name = Annotated[str, Meta(min_length=1, max_length=60, description="Name of the keyword.")]


class RequestError(KwsdError):
    """A request is malformed, or cannot be carried out."""


class Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", forbid_unknown_fields=True):
    """The fields of every request."""

    version: Annotated[Literal[1], Meta(description="Version of the messages.")] = VERSION
    id: Annotated[str, Meta(max_length=64, description="Anything; the reply has the same.")] = ""


class Status(Request, frozen=True, tag="status"):
    """Ask for the state; the reply is a state."""


class Pause(Request, frozen=True, tag="pause"):
    """Stop spotting; the audio is thrown away."""


class Resume(Request, frozen=True, tag="resume"):
    """Spot again."""


class Reload(Request, frozen=True, tag="reload"):
    """Read the keywords of the store again; a status event says when that is done, or why it failed."""


class Keywords(Request, frozen=True, tag="keywords"):
    """Ask for the keywords; the reply is a list."""


class Enable(Request, frozen=True, tag="enable"):
    """Spot a keyword that was disabled."""

    keyword: Name


class Disable(Request, frozen=True, tag="disable"):
    """Do not spot a keyword, until it is enabled or kwsd starts again."""

    keyword: Name


class Threshold(Request, frozen=True, tag="threshold"):
    """Set the threshold of a keyword."""

    keyword: Name
    threshold: Annotated[
        Annotated[float, Meta(ge=0, le=1e9)] | None,
        Meta(description="The largest distance that counts; null for that of the store."),
    ]
    keep: Annotated[
        bool, Meta(description="Whether it is also written to the store; else it is forgotten when kwsd ends.")
    ] = False


class Scores(Request, frozen=True, tag="scores"):
    """Receive the distances of the keywords as they are heard, until it is switched off or the client disconnects."""

    rate: Annotated[
        float, Meta(ge=0, le=MOST_OFTEN, description="Messages a second, at most; 0 switches them off.")
    ] = 4.0
    keywords: Annotated[tuple[Name, ...], Meta(max_length=100, description="The keywords; none for all.")] = ()


class Stop(Request, frozen=True, tag="stop"):
    """End kwsd."""


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag_field="reply"):
    """The fields of every reply."""

    version: Annotated[Literal[1], Meta(description="Version of the messages.")] = VERSION
    id: Annotated[str, Meta(description="That of the request.")] = ""


class Done(Reply, frozen=True, tag="done"):
    """The request was carried out."""

    message: Annotated[str, Meta(description="One sentence for people.")]


class Failed(Reply, frozen=True, tag="error"):
    """The request was malformed or could not be carried out; nothing was changed."""

    error: Annotated[str, Meta(description="One sentence: what was wrong, and what to do.")]


class StateReply(Reply, frozen=True, tag="state"):
    """The state of kwsd."""

    state: Annotated[str, Meta(description="The last state, as in the status events.")]
    message: Annotated[str, Meta(description="The sentence of that event.")]
    paused: Annotated[bool, Meta(description="Whether it does not spot.")]
    stream: Annotated[str, Meta(description="Name of the audio stream.")]
    instance: Annotated[str, Meta(description="Short random id of the process, as in the events.")]
    model: Annotated[str, Meta(description="Digest of the tokenizer's file.")]
    keywords: Annotated[tuple[str, ...], Meta(description="Names of the keywords that are spotted.")]
    uptime: Annotated[float, Meta(description="Seconds since the start.")]
    processed: Annotated[float, Meta(description="Seconds of audio searched since then.")]
    dropped: Annotated[float, Meta(description="Seconds of audio lost since then.")]
    detections: Annotated[int, Meta(description="Keywords heard since then.")]
    queue: Annotated[float, Meta(description="Seconds of audio waiting to be searched.")]
    release: Annotated[str, Meta(description="Version of kwsd.")] = __version__


class KeywordState(msgspec.Struct, frozen=True, kw_only=True):
    """A keyword."""

    name: Annotated[str, Meta(description="Its name.")]
    enabled: Annotated[bool, Meta(description="Whether it is spotted.")]
    threshold: Annotated[float, Meta(description="The largest distance that counts now.")]
    stored: Annotated[float, Meta(description="The threshold in the store when it was read.")]
    scorer: Annotated[str, Meta(description="How the stream is compared with its templates.")]
    templates: Annotated[int, Meta(description="Number of its recordings.")]


class KeywordsReply(Reply, frozen=True, tag="keywords"):
    """The keywords, in alphabetical order."""

    keywords: tuple[KeywordState, ...]


class ScoresReply(Reply, frozen=True, tag="scores"):
    """Distances since the last message; only sent to a client that asked for them."""

    time: Annotated[float, Meta(description="Second of the stream up to which was heard.")]
    distances: Annotated[
        Mapping[str, float], Meta(description="The lowest distance of each keyword since the last message.")
    ]


class _Head(msgspec.Struct):
    """What is read of a malformed request."""

    id: Annotated[str, Meta(max_length=64)] = ""


AnyRequest = Status | Pause | Resume | Reload | Keywords | Enable | Disable | Threshold | Scores | Stop
AnyReply = Done | Failed | StateReply | KeywordsReply | ScoresReply

_REQUEST: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)
_REPLY: msgspec.json.Decoder[AnyReply] = msgspec.json.Decoder(AnyReply)
_HEAD = msgspec.json.Decoder(_Head)

REQUESTS: tuple[type[Request], ...] = get_args(AnyRequest)
REPLIES: tuple[type[Reply], ...] = get_args(AnyReply)


def read_request(text: bytes) -> AnyRequest:
    """The request in a JSON text.

    Raises:
        RequestError: it is none.
    """
    try:
        return _REQUEST.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RequestError(f"the request cannot be read ({error}): docs/control.md describes the requests") from error


def id_of(text: bytes) -> str:
    """The id in a malformed request; nothing if there is none."""
    try:
        return _HEAD.decode(text).id
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""


def read_reply(text: bytes) -> AnyReply:
    """The reply in a JSON text.

    Raises:
        RequestError: it is none that this kwsd knows.
    """
    try:
        return _REPLY.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RequestError(f"the reply cannot be read ({error}): is it a kwsd of another version?") from error


def to_json(message: Request | Reply) -> bytes:
    """The message as one line of JSON in UTF-8."""
    return msgspec.json.encode(message)
