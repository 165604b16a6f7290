"""Requests and replies: what is in them, what is refused, and that the document says so."""

import json
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest

from kwsd.control import schema
from kwsd.control.messages import (
    REPLIES,
    REQUESTS,
    Disable,
    Done,
    Failed,
    Keywords,
    KeywordsReply,
    KeywordState,
    Reply,
    Request,
    RequestError,
    Scores,
    ScoresReply,
    StateReply,
    Threshold,
    read_reply,
    read_request,
    to_json,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "control.md"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema.FILE.read_text("utf-8")))

STATE = StateReply(
    state="listening",
    message="",
    paused=False,
    stream="kitchen",
    instance="5eed1e55",
    model="0123456789ab",
    keywords=("hey snips",),
    uptime=1.0,
    processed=1.0,
    dropped=0.0,
    detections=0,
    queue=0.0,
)
KEYWORD = KeywordState(name="hey snips", enabled=True, threshold=0.4, stored=0.5, scorer="edit", templates=5)


def test_every_request_can_be_sent_and_read():
    plain = [kind() for kind in REQUESTS if not msgspec.structs.fields(kind)[2:] or kind is Scores]
    named = [Disable(keyword="hey"), Threshold(keyword="早上好", threshold=None, keep=False), Keywords(id="7")]

    for request in (*plain, *named):
        assert read_request(to_json(request)) == request
        VALIDATOR.validate(json.loads(to_json(request)))


@pytest.mark.parametrize(
    "reply",
    [
        Done(message="it is done", id="7"),
        Failed(error="no"),
        STATE,
        KeywordsReply(keywords=(KEYWORD,)),
        ScoresReply(time=1.5, distances={"hey": 0.3}),
    ],
)
def test_every_reply_can_be_sent_and_read(reply):
    assert read_reply(to_json(reply)) == reply
    VALIDATOR.validate(json.loads(to_json(reply)))


def test_no_request_and_no_reply_is_forgotten():
    assert set(REQUESTS) == set(Request.__subclasses__())
    assert set(REPLIES) == set(Reply.__subclasses__())


def test_the_schema_in_the_package_is_what_the_classes_say():
    assert schema.FILE.read_text("utf-8") == schema.text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "truncated"),
        (b"not JSON", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"[" * 16_000, "array"),
        (b'{"a":' * 3_000, "missing required field `verb`|truncated|recursion|nest"),
        (b"{}", "missing required field `verb`"),
        (b'{"verb": "dance"}', "Invalid value 'dance'"),
        (b'{"verb": ["status"]}', "Expected `str`"),
        (b'{"verb": "status", "version": 2}', "Invalid enum value 2"),
        (b'{"verb": "status", "color": "red"}', "unknown field `color`"),
        (b'{"verb": "status", "id": 7}', r"\$\.id"),
        (b'{"verb": "enable"}', "missing required field `keyword`"),
        (b'{"verb": "enable", "keyword": ""}', r"\$\.keyword"),
        (b'{"verb": "threshold", "keyword": "hey"}', "missing required field `threshold`"),
        (b'{"verb": "threshold", "keyword": "hey", "threshold": -1}', r">= 0"),
        (b'{"verb": "threshold", "keyword": "hey", "threshold": NaN}', "malformed"),
        (b'{"verb": "threshold", "keyword": "hey", "threshold": "1"}', r"\$\.threshold"),
        (b'{"verb": "scores", "rate": 1e9}', r"<= 20"),
        (b"9" * 5000, "out of range"),
    ],
    ids=lambda text: repr(text)[:40],
)
def test_a_malformed_request_is_refused_in_one_sentence(text, words):
    with pytest.raises(RequestError, match=words) as caught:
        read_request(text)
    assert str(caught.value).endswith("docs/control.md describes the requests")


def test_the_document_names_every_request_and_reply():
    if not DOCUMENT.exists():
        pytest.skip("the documents are not beside the tests")
    rows = "\n".join(line for line in DOCUMENT.read_text().splitlines() if line.startswith("|"))

    for kind in (*REQUESTS, *REPLIES):
        fields = set(kind.__struct_fields__) - {"version", "id"}
        assert f"| `{kind.__struct_config__.tag}` |" in rows
        assert [name for name in fields if f"`{name}`" not in rows] == []


def test_the_examples_in_the_document_are_valid():
    if not DOCUMENT.exists():
        pytest.skip("the documents are not beside the tests")
    examples = [
        line for text in re.findall(r"```json\n(.*?)\n```", DOCUMENT.read_text(), re.S) for line in text.split("\n")
    ]

    assert len(examples) == 4
    for text in examples:
        VALIDATOR.validate(json.loads(text))
