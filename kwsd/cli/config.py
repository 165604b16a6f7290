"""`kwsd config`: prints the settings that count, and checks a settings file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from kwsd.cli.group import Verbs
from kwsd.cli.options import PATH, Setting
from kwsd.cli.settings import Keys, default_path, defaults, settings_of
from kwsd.errors import ConfigError
from kwsd.settings.file import SettingsFile


@click.group(cls=Verbs, short_help="Print the settings that count, and check a settings file.")
def config() -> None:
    """Print the settings that count, and check a settings file.

    An option of the command line counts more than a KWSD_* variable, the variable more than the settings file, and the
    file more than the default.

    \b
    Example:
      kwsd config show listen --origin
    """


@config.command(short_help="Print the settings of a verb, or of all verbs.")
@click.argument("verb", nargs=-1)
@click.option("--origin", is_flag=True, help="Also print where each setting comes from.")
@click.pass_context
def show(ctx: click.Context, verb: tuple[str, ...], origin: bool) -> None:
    """Print the settings of a VERB, or of all, as lines of a settings file.

    Settings that have no value are left out, and so are the values of passwords and secrets.

    \b
    Examples:
      kwsd config show listen --origin
      kwsd --config other.toml config show > all.toml
    """
    root = ctx.find_root()
    found = False
    for inner in _contexts(root, ()):
        keys = _keys(inner)
        if keys[: len(verb)] == verb and keys[:1] != ("config",):
            found = True
            _print_table(inner, keys, origin)
    if not found:
        raise ConfigError(f"there is no verb {' '.join(verb)!r}: `kwsd --help` lists them")


@config.command(short_help="Check the settings file, or another one.")
@click.argument("file", type=PATH, required=False)
@click.pass_context
def check(ctx: click.Context, file: Path | None) -> None:
    """Check the keys of a settings file, and the types and ranges of their values.

    FILE is the file to check; without it, the one that kwsd reads.

    \b
    Example:
      kwsd config check other.toml
    """
    group = ctx.find_root().command
    assert isinstance(group, click.Group)
    path = file or ctx.find_root().meta.get("settings") or default_path()
    defaults(path, group)
    click.echo(f"{path} is right")


def _contexts(ctx: click.Context, above: Keys) -> Iterator[click.Context]:
    """The context of the group, and those of all verbs below it."""
    yield ctx
    for name, verb in ctx.command.commands.items() if isinstance(ctx.command, click.Group) else ():
        yield from _contexts(click.Context(verb, parent=ctx, info_name=name), (*above, name))


def _keys(ctx: click.Context) -> Keys:
    """The keys of the verb's table in a settings file."""
    return () if ctx.parent is None else (*_keys(ctx.parent), str(ctx.info_name))


def _print_table(ctx: click.Context, keys: Keys, origin: bool) -> None:
    options = settings_of(ctx.command).items()
    lines = [line for key, option in options if (line := _line(ctx, keys, key, option, origin))]
    if lines:
        click.echo("\n".join(([f"\n[{'.'.join(keys)}]"] if keys else []) + lines))


def _line(ctx: click.Context, keys: Keys, key: str, option: click.Option, origin: bool) -> str:
    raw, source = option.consume_value(ctx, {})
    if not isinstance(raw, str | int | float | list | tuple | Path):  # where there is no value click has its own mark
        return ""
    value = option.type_cast_value(ctx, raw)
    if value == ():
        return ""
    secret = isinstance(option, Setting) and option.is_secret
    shown = f"# {key} is set, and not shown" if secret else f"{key} = {_toml(value)}"
    return shown + (f"  # {_origin(ctx, keys, key, option, source)}" if origin else "")


def _origin(ctx: click.Context, keys: Keys, key: str, option: click.Option, source: ParameterSource) -> str:
    if source == ParameterSource.ENVIRONMENT:
        return _variable(ctx, option)
    path = ctx.find_root().meta.get("settings")
    if source != ParameterSource.DEFAULT_MAP or path is None:
        return "default"
    file = SettingsFile.read(path)
    tables = [keys[:length] for length in range(len(keys), -1, -1)]
    return next(place for table in tables if (place := file.place((*table, key))) != str(path) or not table).rstrip(",")


def _variable(ctx: click.Context, option: click.Option) -> str:
    if isinstance(option.envvar, str) and os.environ.get(option.envvar):
        return option.envvar
    return f"{ctx.auto_envvar_prefix}_{(option.name or '').upper()}"


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)
