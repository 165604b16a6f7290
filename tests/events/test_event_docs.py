"""docs/events.md says what is so."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from kwsd.events.messages import KINDS, State, from_json

DOCUMENT = Path(__file__).parents[2] / "docs" / "events.md"
SCHEMA = json.loads(files("kwsd.events").joinpath("events.schema.json").read_text())

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="the documents are not beside the tests")


def examples() -> list[str]:
    return re.findall(r"```json\n(.*)\n```", DOCUMENT.read_text())


def test_there_is_a_valid_example_of_each_event() -> None:
    for text in examples():
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))

    assert [from_json(text).kind for text in examples()] == list(KINDS)


def test_each_field_is_in_a_table() -> None:
    rows = "\n".join(line for line in DOCUMENT.read_text().splitlines() if line.startswith("|"))

    for text in examples():
        assert [name for name in json.loads(text) if f"`{name}`" not in rows] == []


def test_each_state_is_named() -> None:
    assert [state for state in State if f"`{state}`" not in DOCUMENT.read_text()] == []
