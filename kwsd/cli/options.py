"""Options made from the fields of settings, and the options that several verbs share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import click
import msgspec

from kwsd.settings.archive import SearchConfig
from kwsd.settings.checks import Settings, described, fields_of
from kwsd.settings.inputs import MicrophoneInput
from kwsd.settings.say import SayConfig
from kwsd.settings.spotting import ScanConfig, SpottingConfig

F = TypeVar("F", bound=Callable[..., Any])


class Name(click.types.StringParamType):
    """A text that may hold spaces; several of them in a variable are separated by commas."""

    envvar_list_splitter = ","


class DeviceName(click.types.StringParamType):
    """The name of a device, which may hold commas; several of them in a variable are separated by semicolons."""

    envvar_list_splitter = ";"


def path(value: str | Path) -> Path:
    """The path, with a leading "~" replaced by the home folder, also in variables and TOML, which no shell expands."""
    if "\0" in str(value):
        raise ValueError
    return Path(os.path.expanduser(value))  # noqa: PTH111 - Path.expanduser raises where there is no home


def location(value: str) -> str:
    """A path as `path` has it, or an address such as s3://bucket/index as it is."""
    return value if "://" in value and "\0" not in value else str(path(value))


class Location(click.types.StringParamType):
    """Where an index is, see `location`; several in a variable are separated by semicolons."""

    envvar_list_splitter = ";"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The path or the address."""
        try:
            return location(value)
        except ValueError:
            self.fail(repr(value), param, ctx)


PATH = click.types.FuncParamType(path)
LOCATION = Location()
NAME = Name()
DEVICE = DeviceName()


class Setting(click.Option):
    """An option that is a field of settings.

    Attributes:
        kind: type and range of the field, see `kwsd.settings.checks.fits`.
        has_range: whether that says more than the option's type does.
        is_secret: whether the value is for nobody else to see.
    """

    def __init__(self, *args: Any, kind: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.kind = kind
        plain, meta = described(kind)
        self.has_range = plain in (int, float, str)
        self.is_secret = "secret" in (meta.extra or {})


def setting(owner: type[Settings], field: str, flag: str = "", *, short: str = "", **shown: Any) -> Callable[[F], F]:
    """An option whose type, choices, default and help text are those of a field.

    Args:
        owner: the class that has the field.
        field: its name.
        flag: the option's name, if it is not the field's.
        short: another name, of one letter.
        shown: what else click takes, such as `metavar`; or a type that converts what is typed.
    """
    found = fields_of(owner)[field]
    plain, meta = described(found.type)
    options = _of_type(plain) | {"help": meta.description, "kind": found.type}
    if found.default is not msgspec.NODEFAULT and not options.get("multiple"):
        options["default"] = found.default
    names = [*filter(None, [short]), flag or f"--{field.replace('_', '-')}"]
    return click.option(*names, cls=Setting, **(options | shown))


def _of_type(plain: Any) -> dict[str, Any]:
    if plain is bool:
        return {"is_flag": True}
    if get_origin(plain) is Literal:
        return {"type": click.Choice(get_args(plain))}
    if get_origin(plain) is tuple:
        return {"multiple": True, **_of_type(get_args(plain)[0])}
    return {"type": PATH if plain is Path else plain}


def store_option(verb: F) -> F:
    """Add `--store`."""
    return setting(
        SpottingConfig,
        "store",
        default=_default_store,
        show_default="~/.local/share/kwsd/keywords",
        envvar="KWSD_STORE",
        show_envvar=True,
        metavar="DIR",
    )(verb)


def model_option(verb: F) -> F:
    """Add `--model`."""
    return setting(
        SpottingConfig,
        "model",
        show_default="the shipped model",
        envvar="KWSD_MODEL",
        show_envvar=True,
        metavar="FILE",
    )(verb)


def indexes_option(verb: F) -> F:
    """Add `--index`, which may be given several times."""
    return setting(
        SearchConfig,
        "index",
        short="-i",
        type=LOCATION,
        required=True,
        envvar="KWSD_INDEX",
        show_envvar=True,
        metavar="INDEX",
    )(verb)


def server_key_option(verb: F) -> F:
    """Add `--server-key`."""
    option = click.option(
        "--server-key", metavar="KEY", help="Public key of that kwsd, for an endpoint on the network; see `kwsd keys`."
    )
    return option(verb)


def device_option(verb: F) -> F:
    """Add `--device`, for a verb that listens to one microphone."""
    return setting(
        MicrophoneInput,
        "device",
        default=None,
        type=DEVICE,
        metavar="NAME|NUMBER",
        show_default="the default microphone",
        help="The microphone to listen to; see `kwsd devices`.",
    )(verb)


def voice_options(verb: F) -> F:
    """Add `--voices` and `--language`, of what `--say` says."""
    return setting(SayConfig, "voices", metavar="COUNT")(setting(SayConfig, "language", metavar="CODE")(verb))


def workers_option(verb: F) -> F:
    """Add `--workers`."""
    return setting(ScanConfig, "workers", metavar="COUNT")(verb)


def on_option(verb: F) -> F:
    """Add `--on`."""
    return setting(ScanConfig, "on", metavar="ray|ray://HOST:PORT")(verb)


def spotting_options(verb: F) -> F:
    """Add what `scan` and `listen` have in common: `--keyword`, `--refractory`, `--store`, `--model`."""
    keyword = setting(
        SpottingConfig, "keywords", "--keyword", type=NAME, metavar="NAME", show_default="all in the store"
    )
    refractory = setting(SpottingConfig, "refractory", metavar="SECONDS")
    return keyword(refractory(store_option(model_option(verb))))


def _default_store() -> Path:
    from kwsd.keywords.store import default_folder

    return default_folder()
