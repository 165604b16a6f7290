"""The settings file as defaults of the options: flag > KWSD_* variable > this file > default."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from kwsd.cli.options import PATH
from kwsd.config import check_kind, read_settings, unknown_setting
from kwsd.errors import ConfigError

NOT_SETTINGS = {"config", "help", "version"}


def config_option(group: click.Group) -> click.Group:
    """Add `--config` to the group; it is read before every other option."""
    option = click.Option(
        ["--config"],
        type=PATH,
        is_eager=True,
        expose_value=False,
        callback=_load,
        envvar="KWSD_CONFIG",
        show_envvar=True,
        metavar="FILE",
        show_default="$XDG_CONFIG_HOME/kwsd/config.toml if it is there",
        help="Settings in TOML: options for every verb on top, those of a verb in its table.",
    )
    group.params.insert(0, option)
    return group


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the settings file is looked for unless said otherwise."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kwsd" / "config.toml"


def defaults(path: Path, group: click.Group) -> dict[str, Any]:
    """The settings of a file in the form of click's default_map: shared ones repeated for each verb that has them.

    Raises:
        ConfigError: the file cannot be read, or has a key that no verb knows or a value that does not fit it.
    """
    return _defaults(path, group, read_settings(path), {}, "")


def _load(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    path = value or default_path()
    assert isinstance(ctx.command, click.Group)
    if value or path.is_file():
        ctx.default_map = defaults(path, ctx.command)


def _defaults(
    path: Path, command: click.Command, table: Mapping[str, Any], shared: Mapping[str, Any], prefix: str
) -> dict[str, Any]:
    verbs = command.commands if isinstance(command, click.Group) else {}
    given = {key: value for key, value in table.items() if key not in verbs}
    _check_all(path, given, command, prefix)
    passed = {**shared, **given}
    found = {option.name or "": passed[key] for key, option in _options(command).items() if key in passed}
    for name, verb in verbs.items():
        own = table.get(name, {})
        if not isinstance(own, dict):
            raise ConfigError(f'{path} sets "{prefix}{name}" to a value: make it a table, [{prefix}{name}]')
        found[name] = _defaults(path, verb, own, passed, f"{prefix}{name}.")
    return found


def _check_all(path: Path, given: Mapping[str, Any], command: click.Command, prefix: str) -> None:
    readers = [_options(one) for one in _and_below(command)]
    known = {prefix + key for options in readers for key in options}
    for key, value in given.items():
        options = [options[key] for options in readers if key in options]
        if not options:
            raise unknown_setting(path, prefix + key, sorted(known))
        for option in options:
            _check(path, prefix + key, value, option)


def _check(path: Path, key: str, value: Any, option: click.Option) -> None:
    check_kind(path, key, value, _kind(option), option.multiple)
    for one in value if option.multiple else [value]:
        try:
            option.type.convert(one, option, None)
        except click.BadParameter as error:
            raise ConfigError(f'{path} sets "{key}" to a value that does not fit: {error.message}') from error


def _kind(option: click.Option) -> type:
    kinds = {"boolean": bool, "integer": int, "float": float}
    return kinds.get(option.type.name, str)


def _and_below(command: click.Command) -> Iterator[click.Command]:
    """The command and all verbs below it, whose options a key in its table sets."""
    yield command
    for verb in command.commands.values() if isinstance(command, click.Group) else ():
        yield from _and_below(verb)


def _options(command: click.Command) -> dict[str, click.Option]:
    """The options that a settings file may set, by their first long spelling without its dashes."""
    options = [param for param in command.params if isinstance(param, click.Option) and param.name not in NOT_SETTINGS]
    return {next(name for name in one.opts if name.startswith("--")).removeprefix("--"): one for one in options}
