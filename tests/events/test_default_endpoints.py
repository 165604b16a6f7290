"""Where kwsd publishes and subscribes when it is not told, and which folders it trusts."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwsd.errors import EndpointError
from kwsd.events.endpoints import check_folder, default_endpoint, is_loopback, safe_endpoint


def test_the_socket_is_in_the_runtime_folder(tmp_path: Path) -> None:
    assert default_endpoint({"XDG_RUNTIME_DIR": str(tmp_path)}) == f"ipc://{tmp_path}/kwsd/events.ipc"


def test_a_system_service_has_its_own_runtime_folder(tmp_path: Path) -> None:
    environ = {"RUNTIME_DIRECTORY": "/run/kwsd:/run/other", "XDG_RUNTIME_DIR": str(tmp_path)}

    assert default_endpoint(environ) == "ipc:///run/kwsd/events.ipc"


@pytest.mark.parametrize("runtime", [None, "", "relative", "/nonexistent/run/user/1000"])
def test_without_a_runtime_folder_it_is_in_the_home_and_never_in_the_temporary_folder(
    runtime: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    environ = {} if runtime is None else {"XDG_RUNTIME_DIR": runtime}

    assert default_endpoint(environ) == "ipc:///home/ada/.local/state/kwsd/run/events.ipc"


def test_without_any_home_an_endpoint_must_be_named() -> None:
    with pytest.raises(EndpointError, match="name one with --endpoint"):
        default_endpoint({"XDG_STATE_HOME": "relative"})


@pytest.mark.parametrize("mode", [0o777, 0o755, 0o750, 0o701])
def test_a_folder_that_others_can_enter_is_not_trusted(tmp_path: Path, mode: int) -> None:
    (tmp_path / "kwsd").mkdir()
    (tmp_path / "kwsd").chmod(mode)

    with pytest.raises(EndpointError, match="is open to other accounts"):
        check_folder(tmp_path / "kwsd")
    with pytest.raises(EndpointError, match="is open to other accounts"):
        safe_endpoint(f"ipc://{tmp_path}/kwsd/events.ipc")


def test_a_link_is_not_a_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(EndpointError, match="is not a folder but a link or a file"):
        check_folder(tmp_path / "link")


def test_a_folder_of_another_account_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr("os.getuid", lambda: owner + 1)

    with pytest.raises(EndpointError, match="belongs to another account"):
        check_folder(tmp_path)


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("ipc:///run/kwsd/events.ipc", True),
        ("tcp://127.0.0.1:7391", True),
        ("tcp://127.8.9.10:7391", True),
        ("tcp://localhost:7391", True),
        ("tcp://[::1]:7391", True),
        ("tcp://*:7391", False),
        ("tcp://0.0.0.0:7391", False),
        ("tcp://[::]:7391", False),
        ("tcp://192.168.1.2:7391", False),
    ],
)
def test_loopback_is_told_from_the_network(endpoint: str, local: bool) -> None:
    assert is_loopback(endpoint) == local
