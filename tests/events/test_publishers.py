"""JSON lines, several publishers at once, and the numbers that events get."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from event_samples import COMMON, detection, status
from structlog.testing import capture_logs

from kwsd.events.emitter import Emitter, Numbers
from kwsd.events.json_lines import JsonLinesPublisher, ReaderGone
from kwsd.events.messages import DetectionEvent, Event, StatusEvent, from_json
from kwsd.events.publisher import Fanout


class Memory:
    """Keeps what is published; fails while it is told to."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.failing = False
        self.closed = False

    def publish(self, event: Event) -> None:
        if self.failing:
            raise OSError("the disk is full")
        self.events.append(event)

    def close(self) -> None:
        self.closed = True
        if self.failing:
            raise OSError("the disk is still full")


def test_each_event_is_a_line() -> None:
    stream = io.StringIO()
    publisher = JsonLinesPublisher(stream)

    publisher.publish(status(1))
    publisher.publish(detection(2))
    publisher.close()

    assert [from_json(line) for line in stream.getvalue().splitlines()] == [status(1), detection(2)]


def test_a_line_is_there_as_soon_as_it_is_published() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as writer:
        JsonLinesPublisher(writer).publish(status(1))

        assert from_json(reader.readline()) == status(1)


def test_a_closed_pipe_is_told_each_time_and_leaves_no_mess() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as writer:  # closing flushes, and fails if there were anything left
        publisher = JsonLinesPublisher(writer)

        for _ in range(2):
            with pytest.raises(ReaderGone, match="closed the pipe"):
                publisher.publish(status(1))


def test_a_program_in_front_of_head_ends_without_a_word() -> None:
    program = """
import sys
from event_samples import status
from kwsd.events.json_lines import JsonLinesPublisher, ReaderGone
publisher = JsonLinesPublisher(sys.stdout)
try:
    while True:
        publisher.publish(status())
except ReaderGone:
    sys.exit(0)
"""
    folder = str(Path(__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([folder, *filter(None, sys.path)])},
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()

        complaint = process.stderr.read()

    assert (process.returncode, complaint) == (0, "")


def test_a_publisher_that_fails_does_not_silence_the_others_and_is_logged_once() -> None:
    broken, sound = Memory(), Memory()
    broken.failing = True
    fanout = Fanout([broken, sound])

    with capture_logs() as logs:
        for sequence in range(1, 4):
            fanout.publish(detection(sequence))

    assert len(sound.events) == 3
    assert [(entry["publisher"], entry["reason"]) for entry in logs] == [("Memory", "the disk is full")]


def test_a_publisher_that_recovers_gets_events_again() -> None:
    memory = Memory()
    fanout = Fanout([memory])

    with capture_logs() as logs:
        for memory.failing in (True, False, True):
            fanout.publish(detection())

    assert len(memory.events) == 1
    assert len(logs) == 2


def test_all_publishers_are_closed_also_when_one_cannot() -> None:
    broken, sound = Memory(), Memory()
    broken.failing = True

    with capture_logs() as logs:
        Fanout([broken, sound]).close()

    assert broken.closed
    assert sound.closed
    assert len(logs) == 1


def test_the_announcer_stamps_what_all_events_have() -> None:
    memory = Memory()
    emitter = Emitter(memory, stream="kitchen", model=COMMON["model"], clock=lambda: 1.75e9)

    emitter.emit(StatusEvent, state="listening")
    sent = emitter.emit(DetectionEvent, keyword="hey", distance=0.1, threshold=0.2, start=1.0, end=2.0)

    assert memory.events[1] == sent
    assert [event.sequence for event in memory.events] == [1, 2]
    assert sent == detection(2, "hey", distance=0.1, threshold=0.2, start=1.0, end=2.0, instance=emitter.instance)


def test_events_go_out_in_the_order_of_their_numbers_from_any_thread() -> None:
    memory = Memory()
    emitter = Emitter(memory, stream="kitchen", model=COMMON["model"])

    def announce() -> None:
        for _ in range(200):
            emitter.emit(StatusEvent, state="listening")

    threads = [threading.Thread(target=announce) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [event.sequence for event in memory.events] == list(range(1, 801))


def test_the_streams_of_a_process_share_its_numbers_and_its_instance() -> None:
    memory, numbers = Memory(), Numbers()
    emitters = [Emitter(memory, name, COMMON["model"], numbers=numbers) for name in ("kitchen", "hall")]
    for emitter in (*emitters, *emitters):
        emitter.emit(StatusEvent, state="listening")

    assert [(event.sequence, event.stream) for event in memory.events] == [
        (1, "kitchen"),
        (2, "hall"),
        (3, "kitchen"),
        (4, "hall"),
    ]
    assert len({event.instance for event in memory.events}) == 1


def test_two_starts_are_two_instances() -> None:
    ids = {Emitter(Memory(), stream="kitchen", model=COMMON["model"]).instance for _ in range(20)}

    assert len(ids) == 20
