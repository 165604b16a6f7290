"""The service of systemd: its unit files, installing them and removing them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kwsd.daemon.units import MARK, Service, install, state, uninstall
from kwsd.errors import ServiceError

PROGRAM = ("/opt/kwsd/bin/kwsd",)
SYSTEMD = Path(__file__).parents[2] / "systemd"


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """Programs in place of systemd's, which write down how they were called, and refuse the argument in $FAIL."""
    folder = tmp_path / "bin"
    folder.mkdir()
    calls = tmp_path / "calls"
    calls.touch()
    for name in ("systemctl", "systemd-sysusers"):
        (folder / name).write_text(
            f'#!/bin/sh\necho {name} "$@" >> {calls}\n'
            'case "$*" in *"$FAIL"*) echo "Failed: no bus" >&2; exit 1;; esac\necho ActiveState=active\n'
        )
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("FAIL", "nothing that is asked")
    return calls


@pytest.fixture(params=["system", "user"])
def service(request, tmp_path):
    if request.param == "system":
        return Service.of_system(tmp_path)
    return Service.of_user({"XDG_CONFIG_HOME": str(tmp_path / "config")})


def files_of(service):
    return [path for path in (service.unit, service.account) if path is not None]


def test_installing_writes_the_unit_and_has_it_started(service, systemd):
    install(service, PROGRAM)
    user = "--user " if service.kind == "user" else ""

    assert "ExecStart=/opt/kwsd/bin/kwsd listen --mic\n" in service.unit.read_text()
    assert f"EnvironmentFile=-{service.environment}\n" in service.unit.read_text()
    assert service.unit.stat().st_mode & 0o777 == 0o644
    assert systemd.read_text().splitlines()[-2:] == [
        f"systemctl {user}daemon-reload",
        f"systemctl {user}enable kwsd.service",
    ]


def test_the_account_is_made_before_the_service_of_the_system_is_known(tmp_path, systemd):
    service = Service.of_system(tmp_path)
    install(service, PROGRAM)

    assert systemd.read_text().splitlines()[0] == f"systemd-sysusers {service.account}"
    assert service.account.read_text().startswith("u kwsd ")


def test_removing_takes_away_what_installing_wrote_and_nothing_else(service, systemd):
    service.environment.parent.mkdir(parents=True)
    service.environment.write_text("KWSD_LISTEN_DEVICE=USB\n")
    install(service, PROGRAM)
    uninstall(service)

    assert not any(path.exists() for path in files_of(service))
    assert service.environment.exists()
    assert "disable --now kwsd.service" in systemd.read_text()


def test_installing_again_brings_the_unit_up_to_date(service, systemd):
    install(service, ("/old/kwsd",))
    install(service, PROGRAM)

    assert "ExecStart=/opt/kwsd/bin/kwsd listen" in service.unit.read_text()


def test_where_systemd_fails_the_files_are_as_before(service, systemd, monkeypatch):
    install(service, ("/old/kwsd",))
    before = [path.read_bytes() for path in files_of(service)]
    monkeypatch.setenv("FAIL", "daemon-reload")
    with pytest.raises(ServiceError, match="daemon-reload` failed: Failed: no bus"):
        install(service, PROGRAM)

    assert [path.read_bytes() for path in files_of(service)] == before


def test_where_systemd_fails_the_first_time_nothing_is_left(service, systemd, monkeypatch):
    monkeypatch.setenv("FAIL", "daemon-reload")
    with pytest.raises(ServiceError):
        install(service, PROGRAM)

    assert not any(path.exists() for path in files_of(service))


def test_a_unit_of_somebody_else_is_neither_replaced_nor_removed(service, systemd):
    service.unit.parent.mkdir(parents=True)
    service.unit.write_text("[Service]\nExecStart=/mine\n")

    for change in (lambda: install(service, PROGRAM), lambda: uninstall(service)):
        with pytest.raises(ServiceError, match="was not made by"):
            change()
    assert service.unit.read_text() == "[Service]\nExecStart=/mine\n"


def test_removing_what_is_not_installed_is_refused(service, systemd):
    with pytest.raises(ServiceError, match="nothing is installed"):
        uninstall(service)


def test_a_program_in_a_home_is_refused_for_the_system(tmp_path, systemd):
    with pytest.raises(ServiceError, match="in somebody's home: install kwsd elsewhere"):
        install(Service.of_system(tmp_path), ("/home/ada/.local/bin/kwsd",))


def test_without_systemd_it_says_so_and_leaves_nothing(service, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match="this machine has no systemd"):
        install(service, PROGRAM)

    assert not any(path.exists() for path in files_of(service))


def test_the_state_is_what_systemd_says(service, systemd):
    assert state(service) == {"ActiveState": "active"}


@pytest.mark.parametrize(
    ("word", "written"),
    [("/opt/my kwsd/kwsd", '"/opt/my kwsd/kwsd"'), ("/opt/100%/kwsd", '"/opt/100%%/kwsd"'), ('/a"$b', '"/a\\"$$b"')],
)
def test_the_path_of_the_program_is_written_as_systemd_reads_it(service, systemd, word, written):
    install(service, (word,))

    assert f"ExecStart={written} listen --mic\n" in service.unit.read_text()


def test_the_unit_files_beside_the_sources_are_those_of_the_package():
    if not SYSTEMD.exists():
        pytest.skip("the unit files are not beside the tests")
    user = Service("user", SYSTEMD, Path("%E/kwsd/environment"))

    assert (SYSTEMD / "kwsd.service").read_text() == Service.of_system().text("/usr/local/bin/kwsd")
    assert (SYSTEMD / "user" / "kwsd.service").read_text() == user.text("%h/.local/bin/kwsd")
    assert MARK in (SYSTEMD / "kwsd.service").read_text()


@pytest.fixture
def analyze(tmp_path):
    """Runs systemd-analyze on the unit of a service."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")

    def run(service, *arguments):
        unit = tmp_path / "kwsd.service"
        unit.write_text(service.text("/bin/true"))
        scope = ["--user"] if service.kind == "user" else []
        return subprocess.run(
            ["systemd-analyze", *scope, *arguments, str(unit)],
            env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_systemd_finds_no_fault_in_the_units(service, analyze):
    found = analyze(service, "verify")

    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_the_service_of_the_system_is_exposed_by_two_of_ten_at_most(analyze):
    found = analyze(Service.of_system(), "security", "--offline=true", "--threshold=20", "--no-pager")

    assert found.returncode == 0, found.stdout[-200:]
