"""The service manager: where and how often it is told."""

import os
import socket
from pathlib import Path

import pytest

from kwsd.daemon.systemd import Notifier, count_restarts


@pytest.fixture(params=["path", "abstract name"])
def manager(request, ipc):
    """A service manager's socket and its address."""
    path = Path(ipc.removeprefix("ipc://")).with_name("notify")
    address = str(path) if request.param == "path" else f"@{path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address.replace("@", "\0"))
        listening.settimeout(10)
        yield listening, address


def test_the_manager_is_told_at_its_address(manager):
    listening, address = manager
    Notifier.from_environment({"NOTIFY_SOCKET": address}).send("READY=1")

    assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000"}, 3.0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "0"}, None),
        ({"NOTIFY_SOCKET": "/x"}, None),
        ({"WATCHDOG_USEC": "3000000"}, None),
    ],
)
def test_the_watchdogs_interval_is_read_where_it_is_meant_for_this_process(environ, interval):
    assert Notifier.from_environment(environ).interval == interval


def test_restarts_are_counted_in_the_runtime_folder_for_as_long_as_it_lasts(tmp_path):
    environ = {"NOTIFY_SOCKET": "/x", "RUNTIME_DIRECTORY": str(tmp_path)}

    assert [count_restarts(environ) for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("missing", ["NOTIFY_SOCKET", "RUNTIME_DIRECTORY"])
def test_without_a_service_manager_there_are_no_restarts(tmp_path, missing):
    environ = {"NOTIFY_SOCKET": "/x", "RUNTIME_DIRECTORY": str(tmp_path)}
    del environ[missing]

    assert [count_restarts(environ) for _ in range(2)] == [0, 0]


def test_a_manager_that_is_gone_is_no_reason_to_stop(tmp_path):
    assert Notifier(str(tmp_path / "gone")).send("READY=1") is None
