"""What goes out over ZeroMQ, and when it is closed."""

from __future__ import annotations

import threading
import time
from itertools import islice
from pathlib import Path

import pytest
from event_samples import Join, Publish, detection, heartbeat, status
from structlog.testing import capture_logs

from kwsd.errors import ConfigError, EndpointError
from kwsd.events.messages import StatusEvent
from kwsd.events.zeromq import ZeroMQPublisher

STATUS = "kwsd/1/status/"


def test_a_late_joiner_gets_the_last_status(publish_on: Publish, join: Join, ipc: str) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1, "starting"))
    publisher.publish(status(2, "listening", keywords=("hey snips",)))
    witness = join(ipc)
    while next(witness).sequence < 2:
        pass

    late = next(join(ipc))

    assert late == status(2, "listening", keywords=("hey snips",), repeat=True)


def test_each_late_joiner_gets_it_also_by_the_same_topic(publish_on: Publish, join: Join, ipc: str) -> None:
    publish_on(ipc).publish(status(7))
    next(join(ipc))  # the status is out now

    greetings = [next(join(ipc, STATUS)) for _ in range(3)]

    assert greetings == [status(7, repeat=True)] * 3


def test_a_keyword_does_not_bring_in_a_longer_one(publish_on: Publish, join: Join, ipc: str) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    reader = join(ipc, "kwsd/1/detection/hey/", STATUS)
    assert isinstance(next(reader), StatusEvent)

    publisher.publish(detection(2, "hey snips"))
    publisher.publish(detection(3, "heya"))
    publisher.publish(detection(4, "hey"))

    assert next(reader) == detection(4, "hey")


@pytest.mark.parametrize("wildcard", ["tcp://127.0.0.1:*", "tcp://localhost:*", "tcp://127.0.0.1:0"])
def test_the_port_that_the_system_chose_can_be_asked_for(publish_on: Publish, join: Join, wildcard: str) -> None:
    publisher = publish_on(wildcard)
    publisher.publish(status(1))

    assert next(join(publisher.endpoints[0])).sequence == 1


def test_all_endpoints_carry_the_same_events(publish_on: Publish, join: Join, ipc: str) -> None:
    publisher = publish_on(ipc, "tcp://127.0.0.1:*")
    publisher.publish(status(1))
    readers = [join(endpoint) for endpoint in publisher.endpoints]
    assert [next(reader).sequence for reader in readers] == [1, 1]

    publisher.publish(detection(2))

    assert [next(reader) for reader in readers] == [detection(2)] * 2


def test_events_from_several_threads_all_arrive_once(publish_on: Publish, join: Join, ipc: str) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    reader = join(ipc)
    next(reader)

    threads = [threading.Thread(target=_publish_a_hundred, args=(publisher, n * 100 + 2)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(event.sequence for event in islice(reader, 400)) == list(range(2, 402))


def _publish_a_hundred(publisher: ZeroMQPublisher, first: int) -> None:
    for sequence in range(first, first + 100):
        publisher.publish(detection(sequence))


def test_a_reader_too_slow_for_the_high_water_mark_sees_a_gap(publish_on: Publish, join: Join, ipc: str) -> None:
    publisher = publish_on(ipc, high_water_mark=5)
    publisher.publish(status(1))
    reader = join(ipc)
    next(reader)
    long = "speech " * 1000

    for sequence in range(2, 5000):
        publisher.publish(status(sequence, message=long))
    with capture_logs() as logs:
        for event in reader:
            if event.sequence == 5000:
                break
            # There is room again after each message that is read, so that one of these comes through.
            publisher.publish(heartbeat(5000))

    assert reader.lost
    assert {entry["event"] for entry in logs} == {"events were lost"}


def test_a_reader_that_does_not_read_holds_up_nobody(publish_on: Publish, join: Join, ipc: str) -> None:
    publisher = publish_on(ipc, high_water_mark=1)
    publisher.publish(status(1))
    idle = join(ipc)
    next(idle)

    started = time.monotonic()
    for sequence in range(2, 3000):
        publisher.publish(status(sequence, message="speech " * 1000))
    publisher.close()

    assert time.monotonic() - started < 10  # seconds; for ever, if anything waited for the reader


def test_closing_delivers_what_was_published(publish_on: Publish, join: Join, ipc: str) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    reader = join(ipc)
    next(reader)

    publisher.publish(detection(2))
    publisher.publish(status(3, "stopping"))
    publisher.close()

    assert [next(reader), next(reader)] == [detection(2), status(3, "stopping")]


def test_closing_is_prompt_with_nobody_there(publish_on: Publish, ipc: str) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))

    started = time.monotonic()
    publisher.close()

    assert time.monotonic() - started < 1


def test_closing_leaves_no_file_behind(publish_on: Publish, ipc: str) -> None:
    folder = Path(ipc.removeprefix("ipc://")).parent
    publisher = publish_on(ipc)
    assert "events.ipc" in [path.name for path in folder.iterdir()]

    publisher.close()

    assert list(folder.iterdir()) == []


def test_closing_twice_and_publishing_afterwards_do_nothing(publish_on: Publish, ipc: str) -> None:
    publisher = publish_on(ipc)

    publisher.close()
    publisher.close()
    publisher.publish(status(1))

    assert publisher.dropped == 0


def test_a_local_endpoint_is_not_warned_of(publish_on: Publish, ipc: str) -> None:
    with capture_logs() as logs:
        publish_on(ipc, "tcp://127.0.0.1:*")

    assert logs == []


def test_a_publisher_without_limit_or_endpoint_is_refused(ipc: str) -> None:
    with pytest.raises(ConfigError, match="high-water mark is 0: make it at least 1"):
        ZeroMQPublisher([ipc], high_water_mark=0)
    with pytest.raises(EndpointError, match="no endpoint to publish on: give at least one"):
        ZeroMQPublisher([])
