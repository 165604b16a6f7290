"""The service of systemd: its unit files, and how they are installed and removed.

`python -m kwsd.daemon.units` writes the unit files of `systemd/` from the templates of the package.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kwsd.errors import ServiceError

NAME = "kwsd.service"
MARK = "# Made by `kwsd service install"
ACCOUNT = 'u kwsd - "kwsd keyword spotter" /var/lib/kwsd\n'
TEMPLATES = Path(__file__).parent / "units"
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))  # ProtectHome= hides them
PATIENCE = 60  # s for systemctl
PLAIN = re.compile(r"[\w/.@+-]+")


@dataclass(frozen=True)
class Service:
    """Where the files of the service lie.

    Attributes:
        kind: "system" or "user".
        unit: the unit file.
        environment: the file of settings that the unit reads, as KWSD_* variables.
        account: the file that declares the service's own account, None for a user's service.
    """

    kind: str
    unit: Path
    environment: Path
    account: Path | None = None

    @classmethod
    def of_system(cls, root: Path = Path("/")) -> Service:
        """The service of the system."""
        etc = root / "etc"
        return cls("system", etc / "systemd/system" / NAME, etc / "kwsd/environment", etc / "sysusers.d/kwsd.conf")

    @classmethod
    def of_user(cls, environ: Mapping[str, str]) -> Service:
        """The service of the user whose variables these are."""
        home = environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - Path.expanduser raises where there is no home
        return cls("user", Path(home) / "systemd/user" / NAME, Path(home) / "kwsd/environment")

    def text(self, program: str) -> str:
        """The content of the unit file; `program` is the beginning of the command line in systemd's spelling."""
        template = (TEMPLATES / f"{self.kind}.service").read_text()
        return template.replace("@KWSD@", program).replace("@ENVIRONMENT@", str(self.environment))

    def systemctl(self, *arguments: str) -> str:
        """What systemctl prints.

        Raises:
            ServiceError: it is not there, or it fails.
        """
        return _run("systemctl", *(("--user",) if self.kind == "user" else ()), *arguments)


def install(service: Service, program: tuple[str, ...]) -> None:
    """Write the files of the service and have it started at boot, or at login for a user's.

    Raises:
        ServiceError: it cannot be done; the files are as they were before.
    """
    _check(service, program)
    files = {service.unit: service.text(" ".join(map(_quoted, program)))}
    if service.account is not None:
        files[service.account] = ACCOUNT
    with _written(files):
        if service.account is not None:
            _run("systemd-sysusers", str(service.account))
        service.systemctl("daemon-reload")
        service.systemctl("enable", NAME)


def uninstall(service: Service) -> None:
    """Stop the service and remove its files; keywords, settings and the account stay.

    Raises:
        ServiceError: there is no such service, it is not from kwsd, or it cannot be removed.
    """
    if not service.unit.exists():
        raise ServiceError(f"{service.unit} does not exist: nothing is installed")
    _check_owner(service.unit)
    service.systemctl("disable", "--now", NAME)
    try:
        service.unit.unlink()
        if service.account is not None:
            service.account.unlink(missing_ok=True)
    except OSError as error:
        raise ServiceError(f"{error.filename} cannot be removed: {error.strerror}") from error
    service.systemctl("daemon-reload")


def state(service: Service) -> dict[str, str]:
    """The properties of the service that systemd knows.

    Raises:
        ServiceError: systemd does not answer.
    """
    wanted = ("ActiveState", "SubState", "UnitFileState", "Result", "NRestarts", "ExecMainStartTimestamp")
    lines = service.systemctl("show", NAME, f"--property={','.join(wanted)}").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _check(service: Service, program: tuple[str, ...]) -> None:
    if service.kind == "system" and any(Path(program[0]).is_relative_to(home) for home in HOMES):
        raise ServiceError(
            f"a service of the system cannot run {program[0]}, in somebody's home: install kwsd elsewhere, as in "
            "/opt/kwsd, or use --user"
        )
    if service.unit.exists():
        _check_owner(service.unit)


def _check_owner(unit: Path) -> None:
    if MARK not in unit.read_text(errors="replace"):
        raise ServiceError(f"{unit} was not made by `kwsd service install`: move it away first")


def _quoted(word: str) -> str:
    """A word of a command line in systemd's spelling, see systemd.service(5)."""
    if PLAIN.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


@contextmanager
def _written(files: Mapping[Path, str]) -> Iterator[None]:
    """A context with these files; they are as before if it ends with an error."""
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, text.encode())
        yield
    except BaseException as error:
        for path, content in before.items():
            path.unlink(missing_ok=True) if content is None else _replace(path, content)
        if isinstance(error, OSError):
            raise ServiceError(f"{error.filename} cannot be written: {error.strerror}") from error
        raise


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.chmod(0o644)
    part.replace(path)


def _run(program: str, *arguments: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise ServiceError(f"{program} was not found: this machine has no systemd, start `kwsd listen` in another way")
    try:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise ServiceError(f"{program} does not answer within {PATIENCE} s") from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[0]
        raise ServiceError(f"`{' '.join([program, *arguments])}` failed: {reason}")
    return done.stdout


def _write_examples(folder: Path) -> None:
    """The unit files of an installation in the usual place."""
    _replace(folder / NAME, Service.of_system().text("/usr/local/bin/kwsd").encode())
    user = Service("user", folder / "user" / NAME, Path("%E/kwsd/environment"))
    _replace(user.unit, user.text("%h/.local/bin/kwsd").encode())


if __name__ == "__main__":
    _write_examples(Path("systemd"))
