"""Values of message fields to JSON and back, by the type that the field declares."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from typing import Any


def scrub(text: str) -> str:
    """The text as UTF-8 can carry it, with "?" for the rest."""
    # File names that are not UTF-8 reach Python with lone surrogates, which strict JSON readers refuse.
    return text.encode("utf-8", "replace").decode()


def to_json_value(value: Any) -> Any:
    """The value as JSON has it, also from numpy's numbers; ValueError for a number that is not finite."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, tuple):
        return [scrub(name) for name in value]
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return value
    return int(value) if isinstance(value, numbers.Integral) else _finite(float(value))


def from_json_value(kind: Any, value: Any) -> Any:
    """The value as a field of type `kind` holds it; TypeError, ValueError or OverflowError where it does not fit."""
    return _READERS[kind](value)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number


def _exactly(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(kind)
        return value

    return read


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError(float)
    return _finite(float(value))


def _optional_number(value: Any) -> float | None:
    return None if value is None else _number(value)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_exactly(str)(text) for text in _exactly(list)(value))


_READERS: Mapping[Any, Callable[[Any], Any]] = {
    int: _exactly(int),
    str: _exactly(str),
    bool: _exactly(bool),
    float: _number,
    float | None: _optional_number,
    tuple[str, ...]: _texts,
}
