"""Which endpoints a publisher takes, which it leaves alone, and how it says so."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zmq
from event_samples import Join, Publish, detection, status

from kwsd.errors import EndpointError
from kwsd.events.zeromq import ZeroMQPublisher


def path_of(ipc: str) -> Path:
    return Path(ipc.removeprefix("ipc://"))


def test_a_port_in_use_is_refused_in_one_sentence(publish_on: Publish) -> None:
    (taken,) = publish_on("tcp://127.0.0.1:*").endpoints

    with pytest.raises(EndpointError, match=rf"^cannot listen at {taken}: it is in use .* choose another endpoint$"):
        publish_on(taken)


def test_a_second_daemon_is_refused_and_the_first_goes_on(publish_on: Publish, join: Join, ipc: str) -> None:
    publisher = publish_on(ipc)

    with pytest.raises(EndpointError, match=f"^another kwsd listens at {ipc}: stop it or choose another"):
        publish_on(ipc)

    publisher.publish(status(1))
    assert next(join(ipc)).sequence == 1


def test_of_many_starts_at_once_one_wins(join: Join, ipc: str) -> None:
    ready = threading.Barrier(8)
    winners: list[ZeroMQPublisher] = []
    losers: list[EndpointError] = []

    def start() -> None:
        ready.wait()
        try:
            winners.append(ZeroMQPublisher([ipc]))
        except EndpointError as error:
            losers.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with winners[0]:
        winners[0].publish(status(1))
        assert next(join(ipc)).sequence == 1
    assert (len(winners), len(losers)) == (1, 7)


def test_a_live_socket_of_another_program_is_refused(publish_on: Publish, ipc: str) -> None:
    with zmq.Context() as context, context.socket(zmq.PULL) as other:
        other.bind(ipc)

        with pytest.raises(EndpointError, match=f"^another program is using the socket {path_of(ipc)}: stop it or"):
            publish_on(ipc)
        assert path_of(ipc).is_socket()


def test_a_stale_socket_is_replaced(publish_on: Publish, join: Join, ipc: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path_of(ipc)))
    assert path_of(ipc).is_socket()

    publish_on(ipc).publish(status(1))

    assert next(join(ipc)).sequence == 1


def test_the_socket_of_a_killed_publisher_is_replaced(publish_on: Publish, join: Join, ipc: str) -> None:
    with killed_publisher(ipc):
        assert path_of(ipc).is_socket()

        publish_on(ipc).publish(status(1))

    assert next(join(ipc)).sequence == 1


@contextmanager
def killed_publisher(ipc: str) -> Iterator[None]:
    program = f"""
import signal
from kwsd.events.zeromq import ZeroMQPublisher
with ZeroMQPublisher([{ipc!r}]):
    print("ready", flush=True)
    signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.kill()
        assert process.wait() == -signal.SIGKILL
        yield


def test_a_file_at_the_path_is_not_touched(publish_on: Publish, ipc: str) -> None:
    path_of(ipc).write_text("a novel")

    with pytest.raises(EndpointError, match=f"^{path_of(ipc)} is there and is not a socket: move it away"):
        publish_on(ipc)
    assert path_of(ipc).read_text() == "a novel"


def test_when_one_endpoint_fails_the_others_are_free_again(publish_on: Publish, join: Join, ipc: str) -> None:
    (taken,) = publish_on("tcp://127.0.0.1:*").endpoints
    with pytest.raises(EndpointError, match="in use"):
        publish_on(ipc, taken)
    assert list(path_of(ipc).parent.iterdir()) == []

    publish_on(ipc).publish(status(1))

    assert next(join(ipc)).sequence == 1


def test_a_missing_folder_is_made_for_this_user_alone(publish_on: Publish, ipc: str) -> None:
    folder = path_of(ipc).parent / "kwsd"

    publish_on(f"ipc://{folder}/events.ipc")

    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_a_file_is_refused(publish_on: Publish, ipc: str) -> None:
    path_of(ipc).write_text("a novel")

    with pytest.raises(EndpointError, match=r"cannot make the folder .* \(File exists\): choose another path"):
        publish_on(f"{ipc}/events.ipc")


def test_a_folder_that_cannot_be_written_is_refused(publish_on: Publish) -> None:
    with pytest.raises(EndpointError, match=r"^cannot write in the folder /proc/self/fd \(.*\): choose another path$"):
        publish_on("ipc:///proc/self/fd/events.ipc")


@pytest.mark.parametrize("mode", [0o777, 0o755])
def test_a_folder_that_others_can_enter_is_refused(publish_on: Publish, ipc: str, mode: int) -> None:
    path_of(ipc).parent.chmod(mode)

    with pytest.raises(EndpointError, match="is open to other accounts: choose a path in a folder for you alone"):
        publish_on(ipc)


def test_a_folder_that_is_a_link_is_refused(publish_on: Publish, ipc: str) -> None:
    folder = path_of(ipc).parent
    (folder / "link").symlink_to(folder)

    with pytest.raises(EndpointError, match="is not a folder but a link"):
        publish_on(f"ipc://{folder}/link/events.ipc")


def test_the_socket_is_for_this_account_alone(publish_on: Publish, ipc: str) -> None:
    before = os.umask(0)
    try:
        publish_on(ipc)
    finally:
        os.umask(before)

    assert path_of(ipc).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("", "is not an endpoint: give ipc://PATH or tcp://HOST:PORT"),
        ("7391", "is not an endpoint"),
        ("tcp://127.0.0.1", "is not an endpoint"),
        ("tcp://127.0.0.1:", "is not an endpoint"),
        ("tcp://127.0.0.1:http", "is not an endpoint"),
        ("tcp://127.0.0.1:65536", "is not an endpoint: .* a port up to 65535"),
        ("tcp://:7391", "is not an endpoint"),
        ("udp://127.0.0.1:7391", "is not an endpoint"),
        ("inproc://events", "is not an endpoint"),
        ("tcp://127.0.0.1:7391\n", "has unprintable characters: retype it"),
        ("ipc:///tmp/\0events", "has unprintable characters"),
        ("ipc://", "has no path: give one"),
        ("ipc://" + "long/" * 25, "is 125 bytes long and a socket's may be 107: choose a shorter one"),
        ("tcp://192.0.2.1:7391", "needs keys, and there are none: make them with `kwsd keys generate`"),
        ("tcp://nosuchcard:7391", "nosuchcard is not an address of this machine in numbers"),
        ("ipc://@kwsd", "would be open to every account"),
        ("ipc://*", "would be open to every account"),
    ],
)
def test_an_impossible_endpoint_is_refused_by_name(publish_on: Publish, endpoint: str, reason: str) -> None:
    with pytest.raises(EndpointError, match=reason) as caught:
        publish_on(endpoint)
    assert (endpoint if endpoint.isprintable() else repr(endpoint)) in str(caught.value)


def test_the_closed_endpoint_can_be_bound_again(publish_on: Publish, join: Join, ipc: str) -> None:
    for sequence in range(1, 6):
        publisher = publish_on(ipc)
        publisher.publish(status(sequence))
        assert next(join(ipc)).sequence == sequence
        publisher.publish(detection(sequence))
        publisher.close()
