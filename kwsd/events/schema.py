"""The JSON Schema of the events, made of their classes: `python -m kwsd.events.schema` writes it into the package."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from kwsd.events.messages import KINDS, VERSION, Event

FILE = Path(str(files("kwsd.events"))) / "events.schema.json"


def schema() -> dict[str, Any]:
    """The schema of what kwsd writes: each kind of event has its own fields and those that all have in common."""
    shared = set(get_type_hints(Event))
    common = [
        ("version", Literal[VERSION]),
        ("event", Annotated[str, Meta(description="The kind of event.")]),
        *_fields(Event),
    ]
    kinds = [
        msgspec.defstruct(kind, [one for one in _fields(cls) if one[0] not in shared], tag_field="event", tag=kind)
        for kind, cls in KINDS.items()
    ]
    _, parts = msgspec.json.schema_components(
        [msgspec.defstruct("common", common), *kinds], ref_template="#/$defs/{name}"
    )
    for kind, cls in KINDS.items():
        parts[kind] = {"description": cls.__doc__, "allOf": [{"$ref": "#/$defs/common"}]} | parts[kind]
    for part in parts.values():
        del part["title"]  # the name that it has anyway
    return _head() | {"oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in KINDS], "$defs": parts}


def text() -> str:
    """The schema as it is written."""
    return json.dumps(schema(), indent=2) + "\n"


def _head() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:kwsd:events:{VERSION}",
        "title": f"An event of kwsd, version {VERSION}",
        "description": "The second frame of a ZeroMQ message, or one JSON line. "
        "Readers ignore fields and kinds of event that they do not know.",
    }


def _fields(cls: type[Event]) -> list[tuple[str, Any]]:
    # Without the defaults: kwsd writes every field, so its readers may count on them.
    return [(name, kind) for name, kind in get_type_hints(cls, include_extras=True).items() if name != "kind"]


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
