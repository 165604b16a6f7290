"""The settings file: reads TOML; errors name the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec

from kwsd.errors import ConfigError
from kwsd.settings.checks import brief

_NEWLINE = b"\n"


class SettingsFile(msgspec.Struct, frozen=True):
    """A settings file that was read.

    Attributes:
        path: where it is.
        text: what it holds.
        settings: the same as tables and values.
    """

    path: Path
    text: str
    settings: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file at a path.

        Raises:
            ConfigError: the file cannot be read or is not TOML.
        """
        import tomllib  # noqa: PLC0415 - most starts have no settings file

        try:
            text = path.read_text("utf-8")
            return cls(path, text, tomllib.loads(text))
        except OSError as error:
            raise ConfigError(f"the settings file {path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"the settings file {path}, {_line(error)}, is not TOML: it is not UTF-8") from error
        except ValueError as error:
            raise ConfigError(f"the settings file {path} is not TOML: {error}") from error
        except RecursionError as error:
            raise ConfigError(f"the settings file {path} is nested too deeply: leave out some brackets") from error

    def place(self, keys: Sequence[str]) -> str:
        """The file, and the line in it that sets a key."""
        from kwsd.settings.lines import line_of  # noqa: PLC0415 - only errors need it

        number = line_of(self.text, keys)
        return str(self.path) if number is None else f"{self.path}, line {number},"

    def unknown(self, keys: Sequence[str], known: Sequence[str]) -> ConfigError:
        """The error for a key that nothing reads, with the nearest one that something does."""
        import difflib  # noqa: PLC0415 - only errors need it

        key = brief(".".join(keys))
        near = difflib.get_close_matches(key, known, 1)
        hint = f'is "{near[0]}" meant?' if near else f"known here: {', '.join(sorted(known))}"
        return ConfigError(f'{self.place(keys)} has an unknown setting "{key}": {hint}')


def _line(error: UnicodeDecodeError) -> str:
    before = error.object[: error.start]
    return f"line {before.count(_NEWLINE) + 1}"
