"""The settings file as defaults of the options: flag > KWSD_* variable > this file > default."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from kwsd.cli.options import PATH, Setting
from kwsd.errors import ConfigError
from kwsd.settings.checks import fits, shown, wanted, wanted_kind
from kwsd.settings.file import SettingsFile

NOT_SETTINGS = {"config", "help", "version"}

Keys = tuple[str, ...]


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
        help="Settings in TOML: first options of every verb, then a table for each verb.",
    )
    group.params.insert(0, option)
    return group


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The default path of the settings file."""
    home = os.path.expanduser("~/.config")  # noqa: PTH111 - Path.expanduser raises where there is no home
    return Path(environ.get("XDG_CONFIG_HOME") or home) / "kwsd" / "config.toml"


def defaults(path: Path, group: click.Group) -> dict[str, Any]:
    """The settings of a file in the form of click's default_map: shared ones repeated for each verb that has them.

    Raises:
        ConfigError: the file cannot be read, or has a key that no verb knows or a value that does not fit it.
    """
    file = SettingsFile.read(path)
    return _defaults(file, group, file.settings, {}, ())


def _load(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    path = value or default_path()
    assert isinstance(ctx.command, click.Group)
    if value or os.path.lexists(path):
        ctx.meta["settings"] = path
        ctx.default_map = defaults(path, ctx.command)


def _defaults(
    file: SettingsFile, command: click.Command, table: Mapping[str, Any], shared: Mapping[str, Any], above: Keys
) -> dict[str, Any]:
    verbs = command.commands if isinstance(command, click.Group) else {}
    given = {key: value for key, value in table.items() if key not in verbs}
    _check_all(file, given, command, above)
    passed = {**shared, **given}
    found = {option.name or "": passed[key] for key, option in settings_of(command).items() if key in passed}
    for name, verb in verbs.items():
        own, keys = table.get(name, {}), (*above, name)
        if not isinstance(own, dict):
            key = ".".join(keys)
            raise ConfigError(f'{file.place(keys)} sets "{key}" to a value: make it a table, [{key}]')
        found[name] = _defaults(file, verb, own, passed, keys)
    return found


def _check_all(file: SettingsFile, given: Mapping[str, Any], command: click.Command, above: Keys) -> None:
    readers = {keys: settings_of(one) for keys, one in _and_below(command, above)}
    known = {".".join((*above, key)) for options in readers.values() for key in options}
    for key, value in given.items():
        wishes = {keys: _wish(value, options[key]) for keys, options in readers.items() if key in options}
        if not wishes:
            raise file.unknown((*above, key), sorted(known))
        _check(file, (*above, key), wishes)


def _check(file: SettingsFile, keys: Keys, wishes: Mapping[Keys, str]) -> None:
    """Raise ConfigError if a verb that reads the setting wishes another value."""
    for verb, wish in wishes.items():
        if wish:
            content = [".".join(other) for other in wishes if not wishes[other]]
            hint = f" for [{'.'.join(verb)}]; or set it for one verb, under [{content[0]}]" if content else ""
            raise ConfigError(f'{file.place(keys)} sets "{".".join(keys)}" to {wish}{hint}')


def _wish(value: Any, option: click.Option) -> str:
    """The value and what is to be given instead; nothing where it fits."""
    kind = _kind(option)
    plain = int | float if kind is float else kind  # of any size
    if not fits(value, list[plain] if option.multiple else plain):  # type: ignore[valid-type]
        return f"{shown(value)}: {wanted_kind(kind, option.multiple)}"
    if isinstance(option, Setting) and option.has_range and not fits(value, option.kind):
        return f"{shown(value)}: {wanted(option.kind)}"
    for one in value if option.multiple else [value]:
        try:
            option.type.convert(one, option, None)
        except click.BadParameter as error:
            return f"a value that does not fit: {error.message}"
    return ""


def _kind(option: click.Option) -> type:
    kinds = {"boolean": bool, "integer": int, "float": float}
    return kinds.get(option.type.name, str)


def _and_below(command: click.Command, above: Keys) -> Iterator[tuple[Keys, click.Command]]:
    """The command and all verbs below it, whose options a key in its table sets, each with the name of its table."""
    yield above, command
    for name, verb in command.commands.items() if isinstance(command, click.Group) else ():
        yield from _and_below(verb, (*above, name))


def settings_of(command: click.Command) -> dict[str, click.Option]:
    """The options that a settings file may set, by their first long spelling without its dashes."""
    options = [param for param in command.params if isinstance(param, click.Option) and param.name not in NOT_SETTINGS]
    return {next(name for name in one.opts if name.startswith("--")).removeprefix("--"): one for one in options}
