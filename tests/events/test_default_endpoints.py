"""Where kwsd publishes and subscribes when it is not told."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from kwsd.events import endpoints
from kwsd.events.endpoints import choose_endpoint, default_endpoints, is_loopback, is_ours

TCP = "tcp://127.0.0.1:7391"


def test_the_socket_is_in_the_runtime_folder(tmp_path: Path) -> None:
    assert default_endpoints({"XDG_RUNTIME_DIR": str(tmp_path)}) == (f"ipc://{tmp_path}/kwsd/events.ipc", TCP)


@pytest.mark.parametrize("runtime", [None, "", "relative", "/nonexistent/run/user/1000"])
def test_without_a_runtime_folder_it_is_in_one_of_the_users_own(
    runtime: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints.tempfile, "tempdir", "/var/tmp")
    environ = {} if runtime is None else {"XDG_RUNTIME_DIR": runtime}

    assert default_endpoints(environ) == (f"ipc:///var/tmp/kwsd-{os.getuid()}/events.ipc", TCP)


def test_a_subscriber_takes_the_socket_where_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    (tmp_path / "kwsd").mkdir(mode=0o700)
    assert choose_endpoint(environ) == TCP

    monkeypatch.chdir(tmp_path / "kwsd")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("events.ipc")  # by its relative name: an absolute one could be too long here

        assert choose_endpoint(environ) == f"ipc://{tmp_path}/kwsd/events.ipc"


def test_a_socket_where_others_could_have_put_it_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "kwsd").mkdir()
    (tmp_path / "kwsd").chmod(0o777)
    monkeypatch.chdir(tmp_path / "kwsd")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("events.ipc")

        assert choose_endpoint({"XDG_RUNTIME_DIR": str(tmp_path)}) == TCP


def test_a_link_is_not_a_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    assert not is_ours(tmp_path / "link")


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("ipc:///run/kwsd/events.ipc", True),
        (TCP, True),
        ("tcp://127.8.9.10:7391", True),
        ("tcp://localhost:7391", True),
        ("tcp://lo:7391", True),
        ("tcp://[::1]:7391", True),
        ("tcp://*:7391", False),
        ("tcp://0.0.0.0:7391", False),
        ("tcp://[::]:7391", False),
        ("tcp://192.168.1.2:7391", False),
        ("tcp://eth0:7391", False),
    ],
)
def test_loopback_is_told_from_the_network(endpoint: str, local: bool) -> None:
    assert is_loopback(endpoint) == local
