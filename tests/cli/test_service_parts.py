"""The service's smaller parts: notification, signals, logs, plots."""

import io
import json
import os
import signal
import socket
from pathlib import Path

import numpy as np
import pytest
import structlog

from kwsd.logs import configure
from kwsd.notify import Notifier
from kwsd.plot import POINTS, decimate
from kwsd.signals import deadline, handling


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


def test_a_manager_that_is_gone_is_no_reason_to_stop(tmp_path):
    assert Notifier(str(tmp_path / "gone")).send("READY=1") is None


def test_handlers_hold_inside_the_context_and_the_old_ones_after_it():
    before = signal.getsignal(signal.SIGHUP)
    heard = []
    with handling({signal.SIGHUP: lambda: heard.append("hup")}):
        signal.raise_signal(signal.SIGHUP)

    assert heard == ["hup"]
    assert signal.getsignal(signal.SIGHUP) is before


def test_a_deadline_is_forgotten_after_its_context():
    with deadline(100) as hurry:
        hurry()

    assert signal.alarm(0) == 0


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_logs_are_json_lines_where_no_one_watches():
    out = io.StringIO()
    configure("info", out)
    structlog.get_logger().warning("too hot", degrees=80)
    line = json.loads(out.getvalue())

    assert (line["event"], line["level"], line["degrees"]) == ("too hot", "warning", 80)


def test_logs_are_for_people_on_a_terminal():
    out = Terminal()
    configure("info", out)
    structlog.get_logger().warning("too hot", degrees=80)

    assert "too hot" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_messages_below_the_level_are_left_out():
    out = io.StringIO()
    configure("error", out)
    structlog.get_logger().warning("too hot")

    assert out.getvalue() == ""


def test_a_long_track_is_drawn_with_its_minima():
    distance = np.ones((10 * POINTS + 3, 2), np.float32)
    distance[12_345, 1] = 0.1
    time, lowest = decimate(np.arange(len(distance)) * 0.04, distance)

    assert len(time) == len(lowest) <= POINTS
    assert (lowest < 1).sum() == 1
    assert lowest.min() == np.float32(0.1)
    assert abs(time[lowest[:, 1].argmin()] - 12_345 * 0.04) <= 11 * 0.04
