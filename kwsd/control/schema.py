"""The JSON Schema of control, made of its classes: `python -m kwsd.control.schema` writes it into the package."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from kwsd.control.messages import REPLIES, REQUESTS, VERSION

FILE = Path(str(files("kwsd.control"))) / "control.schema.json"


def schema() -> dict[str, Any]:
    """The schema of a request or a reply."""
    _, parts = msgspec.json.schema_components([*REQUESTS, *REPLIES], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:kwsd:control:{VERSION}",
        "title": f"A request to kwsd or its reply, version {VERSION}",
        "oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in (*REQUESTS, *REPLIES)],
        "$defs": parts,
    }


def text() -> str:
    """The schema as it is written."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
