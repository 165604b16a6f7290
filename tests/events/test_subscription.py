"""What a subscriber sees, what it is spared, and what it is told was lost."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zmq
from event_samples import PATIENCE, Join, Publish, detection, heartbeat, status
from structlog.testing import capture_logs

from kwsd.errors import EndpointError
from kwsd.events.messages import Event, NewerEventError
from kwsd.events.subscriber import SequenceCheck, describe, subscribe

EXAMPLE = Path(__file__).parents[2] / "examples" / "subscriber.py"


class Stranger:
    """A publisher that sends whatever it is told."""

    def __init__(self, context: zmq.Context[Any], endpoint: str) -> None:
        self.socket = context.socket(zmq.XPUB)
        self.socket.rcvtimeo = self.socket.sndtimeo = round(1000 * PATIENCE)
        self.socket.linger = 0
        self.socket.bind(endpoint)

    def wait_for_a_subscriber(self) -> None:
        assert self.socket.recv()[:1] == b"\x01"

    def send(self, *messages: Event | list[bytes]) -> None:
        for message in messages:
            self.socket.send_multipart(message if isinstance(message, list) else message.frames())


@pytest.fixture
def stranger(closing: ExitStack, ipc: str) -> Stranger:
    sender = Stranger(closing.enter_context(zmq.Context()), ipc)
    closing.enter_context(sender.socket)
    return sender


def as_sent(event: Event) -> Event:
    """The status as it was sent first: a reader may come in just before or just after that."""
    return replace(event, repeat=False)  # type: ignore[call-arg]


def test_a_publisher_that_starts_later_is_waited_for(publish_on: Publish, join: Join, ipc: str) -> None:
    reader = join(ipc)

    publish_on(ipc).publish(status(1))

    assert as_sent(next(reader)) == status(1)


def test_a_publisher_that_comes_back_is_heard_again(publish_on: Publish, join: Join, ipc: str) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    reader = join(ipc)
    next(reader)

    publisher.close()
    publish_on(ipc).publish(status(1, instance="another"))

    assert next(reader).instance == "another"


def test_a_status_sent_again_for_others_is_not_shown_again(publish_on: Publish, join: Join, ipc: str) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    first = join(ipc)
    next(first)

    next(join(ipc))
    publisher.publish(detection(2))

    assert next(first) == detection(2)


def test_lost_messages_are_counted_and_said(stranger: Stranger, join: Join, ipc: str) -> None:
    reader = join(ipc)
    stranger.wait_for_a_subscriber()
    stranger.send(status(40, repeat=True), heartbeat(57), detection(58), detection(61), detection(62))

    with capture_logs() as logs:
        seen = [next(reader).sequence for _ in range(5)]

    assert seen == [40, 57, 58, 61, 62]
    assert reader.lost == 2
    assert [entry["missed"] for entry in logs] == [2]


def test_a_reader_of_some_topics_is_not_told_of_gaps(stranger: Stranger, join: Join, ipc: str) -> None:
    reader = join(ipc, "kwsd/1/detection/")
    stranger.wait_for_a_subscriber()
    stranger.send(detection(1), status(2), detection(3))

    with capture_logs() as logs:
        assert [next(reader).sequence for _ in range(2)] == [1, 3]

    assert reader.lost is None
    assert logs == []


def test_damaged_messages_and_future_kinds_are_left_out(stranger: Stranger, join: Join, ipc: str) -> None:
    weather = json.dumps(status(2).to_dict() | {"event": "weather"}).encode()
    reader = join(ipc)
    stranger.wait_for_a_subscriber()

    stranger.send(detection(1), [b"kwsd/1/weather/", weather], [b"kwsd/alone"], [b"kwsd/", b"a", b"b"], detection(3))
    with capture_logs() as logs:
        seen = [next(reader), next(reader)]

    assert seen == [detection(1), detection(3)]
    assert reader.lost == 0
    assert [entry["event"] for entry in logs] == ["a message cannot be read"] * 2


def test_a_publisher_too_new_to_be_read_is_an_error(stranger: Stranger, join: Join, ipc: str) -> None:
    reader = join(ipc)
    stranger.wait_for_a_subscriber()

    stranger.send([b"kwsd/2/status/", b'{"version": 2}'])

    with pytest.raises(NewerEventError, match="is of version 2"):
        next(reader)


def test_silence_ends_the_iteration_after_the_timeout(join: Join, ipc: str) -> None:
    assert list(join(ipc, timeout=0.01)) == []


def test_a_closed_subscription_is_over(join: Join, ipc: str) -> None:
    reader = join(ipc)

    reader.close()
    reader.close()

    assert list(reader) == []


@pytest.mark.parametrize("endpoint", ["nonsense", "tcp://127.0.0.1:*", "tcp://127.0.0.1:70000", "ipc://"])
def test_an_impossible_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(EndpointError, match="endpoint"):
        subscribe(endpoint)


def test_each_instance_has_its_own_numbers() -> None:
    check = SequenceCheck()
    events = [heartbeat(5), heartbeat(1, instance="b"), heartbeat(6), heartbeat(4, instance="b")]

    assert [check.missed(event) for event in events] == [0, 0, 0, 2]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (detection(), "  hey snips: 12.00 to 12.75 s of kitchen, distance 0.25 (at most 0.5)"),
        (status(), "  listening"),
        (status(message="Two keywords.", keywords=("hey", "you")), "  listening: Two keywords. [hey, you]"),
        (heartbeat(), "  up 0:01:00, 3 detections, load 2%, queue 0.08 s, lost 0.50 s, -42 dBFS"),
        (
            heartbeat(uptime=1e300, level=None),
            "  up 1e+300 s, 3 detections, load 2%, queue 0.08 s, lost 0.50 s, silence",
        ),
    ],
)
def test_an_event_is_told_in_one_line(event: Event, words: str) -> None:
    line = describe(event)

    assert line[8:] == words
    assert line[2] == line[5] == ":"


def test_a_time_out_of_this_world_is_not_shown() -> None:
    assert describe(status(wall=1e300)) == "??:??:??  listening"


def test_a_message_cannot_play_with_the_terminal() -> None:
    assert "\x1b" not in describe(status(message="\x1b[2Jgone\n"))


def test_the_example_prints_detections(stranger: Stranger, ipc: str) -> None:
    if not EXAMPLE.exists():
        pytest.skip("the examples are not beside the tests")
    with subprocess.Popen([sys.executable, EXAMPLE, ipc], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        stranger.wait_for_a_subscriber()
        stranger.send(status(1), detection(2))

        line = process.stdout.readline()
        process.kill()

    assert line == "hey snips: 12.00 to 12.75 s, distance 0.250\n"
