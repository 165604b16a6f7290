"""What a run is told: the settings of each verb, validated, and the TOML file that they may come from."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kwsd.errors import ConfigError

MOST_WORKERS = 1024


@dataclass(frozen=True)
class MicrophoneInput:
    """Listen to an input device by its name, part of its name, or its index; None is the system's default."""

    device: str | None = None


@dataclass(frozen=True)
class PipeInput:
    """Listen to raw PCM on standard input: rate in Hz, width "s16", "s24", "s32" or "f32", interleaved channels."""

    rate: int = 16_000
    width: str = "s16"
    channels: int = 1


@dataclass(frozen=True)
class FileInput:
    """Listen to a file, as fast as it goes or at the pace of its time."""

    path: Path
    realtime: bool = False


Input = MicrophoneInput | PipeInput | FileInput


@dataclass(frozen=True, kw_only=True)
class SpottingConfig:
    """What `scan` and `listen` have in common.

    Attributes:
        store: folder of the keywords.
        model: the tokenizer's file; None for the shipped one.
        keywords: names of those to spot; all of the store if empty.
        refractory: seconds after a detection in which the same keyword is not detected again.

    Raises:
        ConfigError: a number is out of range.
    """

    store: Path
    model: Path | None = None
    keywords: tuple[str, ...] = ()
    refractory: float = 1.0

    def __post_init__(self) -> None:
        _check("the refractory time", self.refractory, 0, "s")


@dataclass(frozen=True, kw_only=True)
class ScanConfig(SpottingConfig):
    """How files are searched.

    Attributes:
        workers: processes that share the files.
    """

    workers: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.workers <= MOST_WORKERS:
            raise ConfigError(f"the number of workers is {self.workers}: give 1 to {MOST_WORKERS}")


@dataclass(frozen=True, kw_only=True)
class ListenConfig(SpottingConfig):
    """How the service listens.

    Attributes:
        input: where the audio comes from.
        endpoints: ZeroMQ endpoints to publish on; none if empty.
        jsonl: also write the events to standard output.
        queue: seconds of live audio that may wait to be searched; what exceeds it is dropped, the oldest first.
        heartbeat: seconds between heartbeats; 0 for none.
    """

    input: Input
    endpoints: tuple[str, ...] = ()
    jsonl: bool = False
    queue: float = 10.0
    heartbeat: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("the queue", self.queue, 0.5, "s")
        _check("the time between heartbeats", self.heartbeat, 0, "s")


def check_threshold(value: float) -> float:
    """The threshold itself; ConfigError for one that no distance can be compared with."""
    if not 0 <= value < math.inf:
        raise ConfigError(f"the threshold is {value:g}: give a number from 0 on")
    return value


def choose_input(
    file: Path | None, pipe: PipeInput | None, microphone: MicrophoneInput | None, realtime: bool = False
) -> Input:
    """The one input that was asked for; the default microphone if none was.

    Raises:
        ConfigError: several were asked for, or `realtime` without a file.
    """
    asked: list[Input | None] = [FileInput(file, realtime) if file else None, pipe, microphone]
    given = [one for one in asked if one is not None]
    if len(given) > 1:
        raise ConfigError("there is more than one input: give only one of --mic or --device, --stdin, and --file")
    if realtime and not file:
        raise ConfigError("--realtime paces a file: give one with --file, other inputs have their own pace")
    return given[0] if given else MicrophoneInput()


def read_settings(path: Path) -> dict[str, Any]:
    """The content of a settings file.

    Raises:
        ConfigError: the file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"the settings file {path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # TOML's own errors and those of UTF-8
        raise ConfigError(f"the settings file {path} is not TOML: {error}") from error


def unknown_setting(path: Path, key: str, known: Sequence[str]) -> ConfigError:
    """The error for a key that nothing reads, with the nearest one that something does."""
    near = difflib.get_close_matches(key, known, 1)
    hint = f'is "{near[0]}" meant?' if near else f"known here: {', '.join(sorted(known))}"
    return ConfigError(f'{path} has an unknown setting "{key}": {hint}')


def check_kind(path: Path, key: str, value: Any, kind: type, several: bool) -> None:
    """Refuse a value that is not of a kind.

    Raises:
        ConfigError: a value is not a `kind`, or not a list of them where `several` belong.
    """
    fits = isinstance(value, list) and all(_is(one, kind) for one in value) if several else _is(value, kind)
    if not fits:
        wanted = f"a list of {_KINDS[kind][1]}" if several else _KINDS[kind][0]
        raise ConfigError(f'{path} sets "{key}" to {_shown(value)}: give {wanted}')


_KINDS: Mapping[type, tuple[str, str]] = {
    bool: ("true or false", "booleans"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a text in quotes", "texts in quotes"),
}


def _is(value: Any, kind: type) -> bool:
    # TOML's true is also an int in Python, and its 1 is a fine float.
    return type(value) is kind or (kind is float and type(value) is int)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _check(what: str, value: float, least: float, unit: str) -> None:
    if not (math.isfinite(value) and value >= least):
        raise ConfigError(f"{what} is {value:g} {unit}: give {least:g} {unit} or more")
