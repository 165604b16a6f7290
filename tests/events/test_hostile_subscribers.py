"""What a subscriber that means harm, or only takes too much, can do to the publisher and to the other subscribers."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq
from event_samples import PATIENCE, Join, Publish, detection, status
from raw_client import RawClient
from structlog.testing import capture_logs

from kwsd.events import hub
from kwsd.events.connection import Connection
from kwsd.events.limits import MOST_CONNECTIONS, MOST_TOPICS, SPARE_FILES, Budget
from kwsd.events.messages import from_json
from kwsd.events.zeromq import ZeroMQPublisher

STATUS = b"kwsd/1/status/"
PAGE = 4096

# In a process of its own, whose memory holds nothing else: not that of the client, nor what other tests left.
PUBLISHER = """
import sys
sys.path.append(sys.argv[2])
from event_samples import detection, status
from kwsd.events.zeromq import ZeroMQPublisher
with ZeroMQPublisher([sys.argv[1]]) as publisher:
    publisher.publish(status(1))
    print("ready", flush=True)
    sys.stdin.readline()
    publisher.publish(detection(2))
    sys.stdin.readline()
"""


@pytest.fixture
def context(closing: ExitStack) -> zmq.Context[Any]:
    return closing.enter_context(zmq.Context())


def subscriber(context: zmq.Context[Any], endpoint: str, *requests: bytes) -> zmq.Socket[Any]:
    """An XSUB socket that has sent these subscriptions; unlike SUB it can send one twice."""
    made = context.socket(zmq.XSUB)
    made.linger, made.rcvtimeo, made.sndhwm = 0, round(1000 * PATIENCE), 0
    made.connect(endpoint)
    for request in requests:
        made.send(request)
    return made


def flood(endpoint: str, count: int, length: int) -> bool:
    """Subscribe to that many topics of that many bytes; whether the publisher has closed the connection."""
    with RawClient(endpoint) as client:
        client.subscribe(*(str(number).zfill(length).encode() for number in range(count)))
        return client.wait_for_the_end()


def resident(process: int) -> int:
    """Bytes of memory of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def cut(logs: list[Any]) -> list[str]:
    return [entry["reason"] for entry in logs if entry["event"] == "a client was cut off"]


@pytest.mark.parametrize(("count", "length"), [(100, 1_000_000), (20_000, 10), (20_000, 500)])
def test_a_flood_of_topics_takes_no_memory_and_no_event_from_others(
    join: Join, ipc: str, count: int, length: int
) -> None:
    command = [sys.executable, "-c", PUBLISHER, ipc, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "ready\n"
        witness = join(ipc)
        next(witness)
        before = resident(process.pid)

        assert flood(ipc, count, length)
        process.stdin.write("go on\n")
        process.stdin.flush()
        assert next(witness) == detection(2)
        after = resident(process.pid)
        log, _ = process.communicate()

    assert log.count("a client was cut off") == 1, log
    assert after - before < 5_000_000


def test_who_was_cut_off_is_in_the_log(publish_on: Publish, ipc: str) -> None:
    publisher = publish_on(ipc, "tcp://127.0.0.1:*")

    with capture_logs() as logs:
        for count, endpoint in enumerate(publisher.endpoints, 1):
            flood(endpoint, 20_000, 10)
            _wait_for(lambda count=count: len(cut(logs)) == count)  # it is said after the connection was closed
            time.sleep(hub.PATIENCE)  # else the second would not be said
    clients = [entry["client"] for entry in logs if entry["event"] == "a client was cut off"]

    assert clients[0] == f"process {os.getpid()} of user {os.getuid()}"
    assert clients[1].startswith("127.0.0.1:")


def test_more_topics_than_allowed_are_refused(publish_on: Publish, context: zmq.Context[Any], ipc: str) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    requests = [b"\1topic/%d/" % number for number in range(MOST_TOPICS + 1)]

    with capture_logs() as logs, subscriber(context, ipc, *requests):
        _wait_for(lambda: cut(logs))

    assert cut(logs)[0].startswith("it subscribed to more than 64 topics")


def test_a_subscriber_that_changes_its_topics_again_and_again_stays(
    publish_on: Publish, context: zmq.Context[Any], ipc: str
) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    changes = [mark + b"topic/%d/" % number for number in range(2 * MOST_TOPICS) for mark in (b"\1", b"\0")]

    with capture_logs() as logs, subscriber(context, ipc, *changes, b"\1" + STATUS) as reader:
        assert reader.recv_multipart()[0] == STATUS

    assert logs == []


def test_the_status_is_repeated_to_the_newcomer_alone(publish_on: Publish, context: zmq.Context[Any], ipc: str) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    with subscriber(context, ipc, b"\1") as first, subscriber(context, ipc, b"\1") as second:
        assert [from_json(one.recv_multipart()[1]).sequence for one in (first, second)] == [1, 1]
        publisher.publish(detection(2))

        assert [from_json(one.recv_multipart()[1]) for one in (first, second)] == [detection(2)] * 2


def test_however_often_it_is_asked_for_the_status_is_repeated_once_a_second(
    publish_on: Publish, context: zmq.Context[Any], ipc: str
) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    started = time.monotonic()
    with subscriber(context, ipc, b"\1kwsd/", *[b"\1" + STATUS] * 400, b"\1last/") as reader:
        repeats = [from_json(reader.recv_multipart()[1])]
        publisher.publish(detection(2))
        while repeats[-1] != detection(2):
            repeats.append(from_json(reader.recv_multipart()[1]))
    seconds = time.monotonic() - started

    assert 1 <= len(repeats) - 1 <= seconds + 1


def test_when_there_is_no_room_newcomers_wait_until_others_leave(
    publish_on: Publish, join: Join, context: zmq.Context[Any], ipc: str
) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    with capture_logs() as logs, ExitStack() as crowd:
        for _ in range(MOST_CONNECTIONS):
            reader = crowd.enter_context(subscriber(context, ipc, b"\1"))
            reader.recv_multipart()
        late = join(ipc)
        crowd.close()

        assert next(late).sequence == 1
    assert {entry["event"] for entry in logs} == {"there is no room for more clients: new ones wait until others leave"}


def test_clients_leave_files_to_everything_else(
    publish_on: Publish, join: Join, context: zmq.Context[Any], ipc: str
) -> None:
    publisher = publish_on(ipc)
    publisher.publish(status(1))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with capture_logs() as logs:
        # Fewer than are spare, as libzmq may still be closing files of tests before.
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_files() + SPARE_FILES // 2, limits[1]))
        try:
            with RawClient(ipc) as client:
                assert client.wait_for_the_end()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert next(join(ipc)).sequence == 1

    assert {(entry["event"], entry["reason"]) for entry in logs} == {("a client cannot connect", "Too many open files")}


@pytest.mark.parametrize("then", [b"", b"more/"])
def test_a_hundred_subscribers_that_do_not_read_do_not_hold_up_the_end(ipc: str, then: bytes) -> None:
    with ExitStack() as crowd:
        with ZeroMQPublisher([ipc]) as publisher:
            publisher.publish(status(1))
            clients = [crowd.enter_context(RawClient(ipc)) for _ in range(100)]
            for client in clients:
                client.subscribe(b"kwsd/")
            for number in range(2, 1500):
                publisher.publish(status(number, message="speech " * 50))
            for client in clients:  # with `then` they are also cut off, while messages wait for them
                client.subscribe(*[then + b"%d" % number for number in range(2 * MOST_TOPICS * bool(then))])
            started = time.monotonic()

        assert time.monotonic() - started < 3 * PATIENCE  # for ever, if anything waited for a reader


def test_a_socket_of_one_client_cannot_be_reached_by_another_process(context: zmq.Context[Any]) -> None:
    ours, theirs = socket.socketpair()
    connection = Connection(theirs, context.socket(zmq.XPUB), Budget(1, 1))
    with ours, connection.server:
        name = connection.server.get_string(zmq.LAST_ENDPOINT).removeprefix("ipc://@")
        program = f"import socket; s = socket.socket(socket.AF_UNIX); s.connect('\\0{name}'); print(s.recv(100))"
        command = [sys.executable, "-c", program]
        answer = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)
        connection.cut()

    assert "b''" in answer.stdout or "Reset" in answer.stderr


def test_a_budget_grows_with_time_up_to_its_limit() -> None:
    now = [0.0]
    budget = Budget(burst=10, rate=2, clock=lambda: now[0])
    taken = [budget.take(10), budget.take(1)]
    now[0] = 1.0
    taken += [budget.take(2), budget.take(1)]
    now[0] = 100.0
    taken += [budget.take(11), budget.take(10)]

    assert taken == [True, False, True, False, False, True]


def _wait_for(something: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not something() and time.monotonic() < end:
        time.sleep(0.01)


def test_closing_cuts_nobody_off(join: Join, ipc: str) -> None:
    with capture_logs() as logs, ZeroMQPublisher([ipc]) as publisher:
        publisher.publish(status(1))
        next(join(ipc))

    assert logs == []
