"""The line of a TOML text on which a key is set."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

_CLOSERS = ("]", "}", '"""', "'''")
_LONGEST = 300  # lines of a statement; each line that could end it is tried, so that long ones would take long


def line_of(text: str, keys: Sequence[str]) -> int | None:
    """The line on which the statement begins that first sets a key or opens a table.

    Args:
        text: valid TOML.
        keys: the path of the key, such as ("scan", "workers").

    Returns:
        The number of the line, from 1; None if nothing in the text sets the key, or that comes after a very long
        statement.
    """
    table: tuple[str, ...] = ()
    for number, statement, content in _statements(text):
        if statement.lstrip().startswith("["):
            table = _path(content)
            found = table[: len(keys)] == tuple(keys)
        else:
            found = _has(content, keys[len(table) :]) if table == tuple(keys[: len(table)]) else False
        if found:
            return number
    return None


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Each statement of a TOML text with the line it begins on, and what it says by itself.

    A statement ends with a line. A part of one is never TOML: a list or a text is still open in it. What follows a
    statement of more than _LONGEST lines is left out.
    """
    lines, begin = text.split("\n"), 0
    for end, line in enumerate(lines, 1):
        if end - begin > _LONGEST:
            return
        if end - 1 > begin and not any(closer in line for closer in _CLOSERS):
            continue  # what began on an earlier line goes on
        statement = "\n".join(lines[begin:end])
        try:
            content = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if content:
            yield begin + 1, statement, content
        begin = end


def _path(content: Any) -> tuple[str, ...]:
    """The names in the header of a table or of a list of tables."""
    path = []
    while content:
        if isinstance(content, list):
            (content,) = content
        else:
            ((key, content),) = content.items()
            path.append(key)
    return tuple(path)


def _has(content: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(content, dict) or key not in content:
            return False
        content = content[key]
    return True
