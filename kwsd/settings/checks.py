"""Checks of settings: the type and range of each field, and the sentence about a value that does not fit."""

from __future__ import annotations

import datetime
import functools
import reprlib
import sys
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from kwsd.errors import ConfigError

FINITE = sys.float_info.max
"""The upper bound of a number that has no other: it keeps infinity out."""

_LONGEST = 60  # characters of a value in a sentence
_KINDS = {
    bool: ("true or false", "booleans"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a text in quotes", "texts in quotes"),
    Path: ("a path", "paths"),
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a verb; the constructor checks every field.

    A field is described by `msgspec.Meta`: `description` is the help text, `title` begins the sentence about a wrong
    value, and `extra` may hold a "unit", a "head" with "{}" for the value instead of the title, what the "range" is in
    words, a "hint" at the end, or "secret" where the value is not to be shown.

    Raises:
        ConfigError: a value is of another type than its field or out of its range.
    """

    def __post_init__(self) -> None:
        for name, field in fields_of(type(self)).items():
            value = getattr(self, name)
            if not fits(value, field.type):
                raise ConfigError(refusal(field.type, value, name))


@functools.cache
def fields_of(owner: type[Settings]) -> dict[str, msgspec.structs.FieldInfo]:
    """The fields of a class by their names."""
    return {field.name: field for field in msgspec.structs.fields(owner)}


def fits(value: object, kind: Any) -> bool:
    """Whether the value is of a type and within its range; a whole number is a number too, a boolean is none."""
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, UnicodeEncodeError):  # the latter for a lone surrogate where a number belongs
        return False
    return True


def described(kind: Any) -> tuple[Any, Meta]:
    """A field's type without None and the range, and its description."""
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not types.NoneType)
    if get_origin(kind) is Annotated:
        plain, *notes = get_args(kind)
        return plain, next(note for note in notes if isinstance(note, Meta))
    return kind, Meta()


def wanted_kind(kind: Any, several: bool = False) -> str:
    """What a value of a type is, such as "give a whole number"."""
    one, many = _KINDS[kind]
    return f"give a list of {many}" if several else f"give {one}"


def wanted(kind: Any) -> str:
    """What a value in a field's range is, such as "give 1 to 1024"."""
    plain, meta = described(kind)
    if get_origin(plain) is Literal:
        return f"choose one of {', '.join(get_args(plain))}"
    extra = _extra(meta)
    return f"give {extra.get('range') or _range(meta) or _kind(plain)}{extra.get('hint', '')}"


def shown(value: object) -> str:
    """A value as TOML has it, on one line and not at length."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return f"a number of {value.bit_length()} bits"  # Python writes out no longer ones than 4300 digits
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return _REPR.repr(value)


def brief(text: str) -> str:
    """A text that is too long for a sentence without its end."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def refusal(kind: Any, value: object, name: str = "") -> str:
    """The sentence about a value that does not fit a field, which is called so unless it has a title."""
    plain, meta = described(kind)
    number = plain in (int, float) and isinstance(value, int | float) and not isinstance(value, bool)
    text = f"{_number(value)}{_unit(meta)}" if number else brief(value) if isinstance(value, str) else shown(value)
    head = _extra(meta).get("head", f"{meta.title or name} is {{}}")
    return f"{head.format(text)}: {wanted(kind)}"


def _kind(plain: Any) -> str:
    return _KINDS[plain][0] if plain in _KINDS else "another value"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else shown(value)


def _range(meta: Meta) -> str:
    unit, most = _unit(meta), None if meta.le == FINITE else meta.le
    if meta.gt is not None:
        return f"more than {meta.gt:g}"
    if meta.ge is None:
        return ""
    return f"{meta.ge:g}{unit} or more" if most is None else f"{meta.ge:g} to {most:g}{unit}"


def _unit(meta: Meta) -> str:
    return f" {_extra(meta)['unit']}" if "unit" in _extra(meta) else ""


def _extra(meta: Meta) -> dict[str, str]:
    return meta.extra or {}


def _short() -> reprlib.Repr:
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = _LONGEST
    short.maxlevel = 2
    return short


_REPR = _short()
