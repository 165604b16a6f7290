"""Options that several verbs share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kwsd.config import METHODS

F = TypeVar("F", bound=Callable[..., Any])

SCORERS = ("subsequence", "dtw", "codes", "edit", "levenshtein")  # kwsd.spotting.matching has them too, and needs numpy
RULES, ALARMS = ("background", "midpoint"), 0.5  # and so has kwsd.enrolment.threshold


class Name(click.types.StringParamType):
    """A text that may hold spaces; several of them in a variable are separated by commas."""

    envvar_list_splitter = ","


def path(value: str | Path) -> Path:
    """The path, with a leading "~" as the home folder also where no shell has seen it: in variables and TOML."""
    if "\0" in str(value):
        raise ValueError
    return Path(os.path.expanduser(value))  # noqa: PTH111 - Path.expanduser raises where there is no home


def location(value: str) -> str:
    """A path as `path` has it, or an address such as s3://bucket/index as it is."""
    return value if "://" in value and "\0" not in value else str(path(value))


PATH = click.types.FuncParamType(path)
LOCATION = click.types.FuncParamType(location)
NAME = Name()


def store_option(verb: F) -> F:
    """Add `--store`."""
    return click.option(
        "--store",
        type=PATH,
        default=_default_store,
        show_default="~/.local/share/kwsd/keywords",
        envvar="KWSD_STORE",
        show_envvar=True,
        metavar="DIR",
        help="Folder of the keywords.",
    )(verb)


def model_option(verb: F) -> F:
    """Add `--model`."""
    return click.option(
        "--model",
        type=PATH,
        show_default="the shipped model",
        envvar="KWSD_MODEL",
        show_envvar=True,
        metavar="FILE",
        help="Tokenizer to hear with, an ONNX file.",
    )(verb)


def index_option(verb: F) -> F:
    """Add `--index`."""
    return click.option(
        "--index",
        type=LOCATION,
        required=True,
        envvar="KWSD_INDEX",
        show_envvar=True,
        metavar="INDEX",
        help="Index to search, a folder that `kwsd index build` made.",
    )(verb)


def method_option(verb: F) -> F:
    """Add `--method`."""
    return click.option(
        "--method",
        type=click.Choice(METHODS),
        default=METHODS[0],
        help="How places are found; `dtw` compares all there is, the others what an index leads to.",
    )(verb)


def workers_option(verb: F) -> F:
    """Add `--workers`."""
    return click.option("--workers", type=int, default=1, metavar="COUNT", help="Processes that share the files.")(verb)


def on_option(verb: F) -> F:
    """Add `--on`."""
    return click.option(
        "--on",
        metavar="ray|ray://HOST:PORT",
        help="Ray cluster whose machines share the work, this machine's or another; needs kwsd[cluster].",
    )(verb)


def spotting_options(verb: F) -> F:
    """Add what `scan` and `listen` have in common: `--keyword`, `--refractory`, `--store`, `--model`."""
    keyword = click.option(
        "--keyword",
        type=NAME,
        multiple=True,
        metavar="NAME",
        show_default="all in the store",
        help="Keyword to spot; give it again for more.",
    )
    refractory = click.option(
        "--refractory",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="How long after a detection the same keyword is not detected again.",
    )
    return keyword(refractory(store_option(model_option(verb))))


def _default_store() -> Path:
    from kwsd.keywords.store import default_folder

    return default_folder()
