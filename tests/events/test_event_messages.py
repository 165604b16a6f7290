"""What is in a message, and what becomes of a message that is damaged, strange or too new."""

import json
import math
from importlib.resources import files
from typing import Any, get_type_hints

import jsonschema
import numpy as np
import pytest
from event_samples import detection, heartbeat, status
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.events import schema
from kwsd.events.messages import (
    KINDS,
    DetectionEvent,
    Event,
    EventError,
    NewerEventError,
    UnknownEventError,
    from_json,
    parse,
)

SCHEMA = json.loads(files("kwsd.events").joinpath("events.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
EVENT_CLASSES = sorted(Event.__subclasses__(), key=lambda cls: cls.kind)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "keyword": st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1),
    "model": st.from_regex("[0-9a-f]{12}", fullmatch=True),
    "instance": st.text(min_size=1),
    "state": st.text(min_size=1),
}
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(min_value=1),
    int | None: st.none() | st.integers(min_value=1),
    float: NUMBERS,
    float | None: st.none() | NUMBERS,
    str: st.text(),
    bool: st.booleans(),
    tuple[str, ...]: st.lists(st.text()).map(tuple),
}


def any_event(cls: type[Event]) -> st.SearchStrategy[Event]:
    hints = {name: kind for name, kind in get_type_hints(cls).items() if name != "kind"}
    return st.builds(cls, **{name: BY_NAME.get(name, BY_TYPE[kind]) for name, kind in hints.items()})


@pytest.mark.parametrize("cls", EVENT_CLASSES)
@settings(deadline=None)  # the machine may be busy
@given(data=st.data())
def test_every_event_survives_the_journey_and_fits_the_schema(cls: type[Event], data: st.DataObject) -> None:
    event = data.draw(any_event(cls))

    assert parse(*event.frames()) == event
    VALIDATOR.validate(json.loads(event.to_json()))


def test_every_event_class_can_be_read_and_is_in_the_schema() -> None:
    described = [part["$ref"].rpartition("/")[2] for part in SCHEMA["oneOf"]]

    assert list(KINDS.values()) == [KINDS[kind] for kind in described]
    assert sorted(KINDS.values(), key=lambda cls: cls.kind) == EVENT_CLASSES


def test_the_schema_in_the_package_is_what_the_classes_say() -> None:
    assert schema.FILE.read_text("utf-8") == schema.text()


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("event", [detection(), status(), heartbeat()])
def test_the_schema_asks_for_each_field(event: Event) -> None:
    for name in event.to_dict():
        assert not VALIDATOR.is_valid({key: value for key, value in event.to_dict().items() if key != name})


@pytest.mark.parametrize("event", [detection(), status(), heartbeat()])
def test_the_schema_describes_each_field(event: Event) -> None:
    described = SCHEMA["$defs"]["common"]["properties"] | SCHEMA["$defs"][event.kind]["properties"]

    assert set(described) == set(event.to_dict())


@pytest.mark.parametrize(
    ("event", "topic"),
    [
        (detection(keyword="hey snips"), "kwsd/1/detection/hey snips/"),
        (status(), "kwsd/1/status/"),
        (heartbeat(), "kwsd/1/heartbeat/"),
    ],
)
def test_topics_end_in_a_slash(event: Event, topic: str) -> None:
    assert event.topic() == topic


def test_a_message_is_one_line_of_ascii() -> None:
    line = detection(keyword="早上好\u2028").to_json()

    assert line.isascii()
    assert len(line.splitlines()) == 1


def test_unknown_fields_are_ignored() -> None:
    message = detection().to_dict() | {"speaker": "Ada", "nested": {"deep": [1]}}

    assert from_json(json.dumps(message)) == detection()


def test_a_whole_number_is_read_as_a_float() -> None:
    event = from_json(json.dumps(detection().to_dict() | {"start": 12}))

    assert isinstance(event, DetectionEvent)
    assert type(event.start) is float


def test_a_newer_version_is_refused_in_one_sentence() -> None:
    message = json.dumps(detection().to_dict() | {"version": 2})

    with pytest.raises(NewerEventError, match=r"version 2 and this kwsd reads version 1: update kwsd"):
        from_json(message)


def test_an_unknown_kind_is_told_with_what_it_has_in_common() -> None:
    message = json.dumps(status(7).to_dict() | {"event": "weather"})

    with pytest.raises(UnknownEventError, match="'weather'") as caught:
        from_json(message)
    assert caught.value.event.sequence == 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        b"\xff\xfe\xfd",
        "[1, 2]",
        "null",
        "[" * 100_000,
        "1" * 5000,
        "{}",
        '{"version": "1"}',
        '{"version": true}',
        '{"version": 0}',
        '{"version": 1, "event": "detection"}',
        '{"version": 1, "event": ["detection"]}',
    ],
    ids=lambda text: repr(text)[:30],
)
def test_what_is_no_event_is_refused(text: str | bytes) -> None:
    with pytest.raises(EventError, match=r"is its sender kwsd\?$"):
        from_json(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sequence", "1"),
        ("sequence", True),
        ("sequence", 1.5),
        ("keyword", None),
        ("distance", "near"),
        ("distance", None),
        ("distance", False),
        ("start", 10**400),
        ("wall", math.inf),
        ("wall", math.nan),
        ("heard", "noon"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(name: str, value: object) -> None:
    message = json.dumps(detection().to_dict() | {name: value})

    with pytest.raises(EventError, match=f"the detection event has no usable field '{name}'"):
        from_json(message)


@pytest.mark.parametrize("keywords", ["hey", [1], {"hey": 1}, None])
def test_keywords_are_a_list_of_names(keywords: object) -> None:
    message = json.dumps(status().to_dict() | {"keywords": keywords})

    with pytest.raises(EventError, match="'keywords'"):
        from_json(message)


@pytest.mark.parametrize("name", ["sequence", "wall"])
def test_a_badly_encoded_text_is_no_number(name: str) -> None:
    message = json.dumps(detection().to_dict() | {name: "\udce9"})

    with pytest.raises(EventError, match=f"no usable field '{name}'"):
        from_json(message)


def test_a_reader_is_less_strict_than_the_schema() -> None:
    message = json.dumps(detection().to_dict() | {"sequence": 0, "model": "unknown"})

    assert from_json(message).sequence == 0


def test_a_topic_that_is_not_the_messages_own_is_refused() -> None:
    with pytest.raises(EventError, match="belongs to another message"):
        parse(b"kwsd/1/detection/hey/", detection(keyword="hey snips").to_json())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", 2),
        ("event", "weather"),
        ("sequence", 0),
        ("sequence", 1.5),
        ("instance", ""),
        ("model", "0123456789AB"),
        ("keyword", "a/b"),
        ("keyword", "a\tb"),
        ("keyword", ""),
        ("distance", "0.25"),
        ("heard", "noon"),
    ],
)
def test_the_schema_refuses_what_kwsd_never_writes(name: str, value: object) -> None:
    assert not VALIDATOR.is_valid(detection().to_dict() | {name: value})


def test_texts_of_numpy_are_written_as_texts() -> None:
    assert from_json(detection(keyword=np.str_("hey")).to_json()) == detection(keyword="hey")


def test_numpy_numbers_are_written_as_numbers() -> None:
    event = detection(np.int64(3), distance=np.float32(0.25), start=np.float64(1.5), end=np.int32(2))

    assert from_json(event.to_json()) == detection(3, distance=0.25, start=1.5, end=2.0)


def test_digital_silence_has_no_level() -> None:
    assert heartbeat(level=-math.inf).level is None


@pytest.mark.parametrize("distance", [math.nan, math.inf, np.float32("nan")])
def test_a_number_that_json_lacks_is_refused_by_name(distance: float) -> None:
    with pytest.raises(EventError, match="'distance' of a detection event must be finite"):
        detection(distance=distance).to_json()


def test_a_stream_named_after_a_badly_encoded_file_can_be_sent() -> None:
    event = detection(stream="caf\udce9.wav", keyword="caf\udce9")

    sent = parse(*event.frames())

    assert (sent.stream, sent.topic()) == ("caf?.wav", "kwsd/1/detection/caf?/")


def test_an_early_detection_without_a_channel_is_read():
    message = detection().to_dict()
    del message["channel"]

    assert from_json(json.dumps(message)).channel is None
