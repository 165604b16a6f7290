"""`kwsd service` with a program in place of systemctl."""

import os

import pytest
from cli_helpers import complaint


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """A systemctl that agrees to all."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nprintf "ActiveState=$STATE\\nSubState=dead\\nUnitFileState=enabled\\nNRestarts=2\\n"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("STATE", "active")


def test_installing_explains_what_was_done_and_how_to_undo_it(kwsd, strange_home, systemctl):
    result = kwsd("service", "install", "--user")

    assert result.exit_code == 0
    assert (strange_home / "systemd/user/kwsd.service").exists()
    assert "kwsd service uninstall --user" in result.stdout
    assert "systemctl --user start kwsd" in result.stdout


def test_the_state_is_shown_and_in_the_exit_status(kwsd, strange_home, systemctl, monkeypatch):
    before = kwsd("service", "status", "--user")
    kwsd("service", "install", "--user")
    running = kwsd("service", "status", "--user")
    monkeypatch.setenv("STATE", "inactive")
    stopped = kwsd("service", "status", "--user")

    assert (before.exit_code, running.exit_code, stopped.exit_code) == (3, 0, 3)
    assert "not installed" in before.stdout
    assert "restarted 2 times" in running.stdout


def test_what_was_installed_can_be_removed(kwsd, strange_home, systemctl):
    kwsd("service", "install", "--user")
    result = kwsd("service", "uninstall", "--user")

    assert result.exit_code == 0
    assert not (strange_home / "systemd/user/kwsd.service").exists()
    assert "keywords" in result.stdout


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_the_service_of_the_system_is_for_root(kwsd, monkeypatch, verb):
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert "use sudo, or --user" in complaint(kwsd("service", verb))
