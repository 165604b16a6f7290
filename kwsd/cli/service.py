"""`kwsd service`: installs, removes and shows the service of systemd that runs `kwsd listen`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwsd.cli.group import Verbs

if TYPE_CHECKING:
    from kwsd.daemon.units import Service

NOT_RUNNING = 3  # exit status of `systemctl status` for a unit that does not run

user_option = click.option("--user", is_flag=True, help="The service of this user instead of the system's.")


@click.group(cls=Verbs, short_help="Run `kwsd listen` as a service of systemd.")
def service() -> None:
    """Install, remove and show the service of systemd that runs `kwsd listen`.

    The service of the system reads the sound card itself and needs root to be installed. A machine with PipeWire or
    PulseAudio needs the service of the user in whose session these run: --user.

    \b
    Example:
      kwsd service install --user
    """


@service.command(short_help="Install the service; it starts at boot, or at login.")
@user_option
def install(user: bool) -> None:
    """Install the service and have it started at boot, or at login with --user.

    \b
    Examples:
      kwsd service install --user
      sudo /opt/kwsd/bin/kwsd service install
    """
    from kwsd.daemon.units import NAME, install

    found = _service(user)
    install(found, _program())
    systemctl = _systemctl(user)
    click.echo(f"wrote {found.unit}, and enabled it: it starts {'when you log in' if user else 'at boot'}")
    if found.account is not None:
        click.echo(f"made the account kwsd ({found.account}), which keeps its keywords in /var/lib/kwsd/keywords")
        click.echo('enroll one:  sudo -u kwsd kwsd enroll "my phrase" *.wav --store /var/lib/kwsd/keywords')
    click.echo(f"start it:    {systemctl} start {NAME}")
    click.echo(f"its log:     journalctl {'--user ' if user else ''}-u {NAME} -f")
    click.echo(f"settings:    KWSD_LISTEN_* variables in {found.environment}, one a line, then restart it")
    click.echo(f"undo this:   kwsd service uninstall{' --user' if user else ''}")
    if user:
        click.echo('without a login, as on a headless machine:  sudo loginctl enable-linger "$USER"')


@service.command()
@user_option
def uninstall(user: bool) -> None:
    """Stop the service and remove it; keywords and settings stay.

    \b
    Example:
      kwsd service uninstall --user
    """
    from kwsd.daemon.units import uninstall

    found = _service(user)
    uninstall(found)
    kept = "your keywords" if user else "the account kwsd, its keywords in /var/lib/kwsd"
    click.echo(f"stopped the service and removed {found.unit}; {kept} and {found.environment} stay")


@service.command(short_help="Show whether the service is installed and runs.")
@user_option
@click.pass_context
def status(ctx: click.Context, user: bool) -> None:
    """Show whether the service is installed and runs; the exit status is 3 if it does not run.

    \b
    Example:
      kwsd service status --user
    """
    from kwsd.daemon.units import state

    found = _service(user, writes=False)
    if not found.unit.exists():
        click.echo(f"not installed: {found.unit} does not exist")
        ctx.exit(NOT_RUNNING)
    facts = state(found)
    click.echo(f"installed:  {found.unit} ({facts.get('UnitFileState') or 'unknown'})")
    click.echo(f"state:      {facts.get('ActiveState')} ({facts.get('SubState')}), last result {facts.get('Result')}")
    click.echo(
        f"started:    {facts.get('ExecMainStartTimestamp') or 'never'}, restarted {facts.get('NRestarts')} times"
    )
    if facts.get("ActiveState") != "active":
        ctx.exit(NOT_RUNNING)


def _service(user: bool, writes: bool = True) -> Service:
    from kwsd.daemon.units import Service
    from kwsd.errors import ServiceError

    if user:
        return Service.of_user(os.environ)
    if writes and os.geteuid() != 0:
        raise ServiceError("a service of the system is installed and removed by root: use sudo, or --user for your own")
    return Service.of_system()


def _systemctl(user: bool) -> str:
    return "systemctl --user" if user else "sudo systemctl"


def _program() -> tuple[str, ...]:
    """The command that runs this kwsd."""
    script = Path(sys.argv[0])
    if script.name == "kwsd" and os.access(script, os.X_OK):
        return (str(script.absolute()),)
    return (sys.executable, "-m", "kwsd")
