"""What a run is told: the settings of each verb, validated, and the TOML file that they may come from."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kwsd.errors import ConfigError

MOST_WORKERS = 1024
LOCAL_CLUSTER = "ray"
MOST_STAGES = 6  # that a code of the shipped model has
METHODS = ("pairs", "hquest", "inverted", "exact", "dtw")  # kwsd.archive.search.methods has them too, and needs numpy


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
        on: the cluster that does so instead, see `check_cluster`.
    """

    workers: int = 1
    on: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_workers(self.workers, self.on)


@dataclass(frozen=True, kw_only=True)
class ListenConfig(SpottingConfig):
    """How the service listens.

    Attributes:
        input: where the audio comes from.
        endpoints: ZeroMQ endpoints to publish on; none if empty.
        jsonl: also write the events to standard output.
        queue: seconds of live audio that may wait to be searched; what exceeds it is dropped, the oldest first.
        heartbeat: seconds between heartbeats; 0 for none.
        log: index that what is heard is written into; None for none.
        log_keep: days after which it is dropped from there; None for never.
    """

    input: Input
    endpoints: tuple[str, ...] = ()
    jsonl: bool = False
    queue: float = 10.0
    heartbeat: float = 10.0
    log: str | None = None
    log_keep: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("the queue", self.queue, 0.5, "s")
        _check("the time between heartbeats", self.heartbeat, 0, "s")
        if self.log_keep is not None:
            self._check_keep(self.log_keep)

    def _check_keep(self, days: float) -> None:
        if self.log is None:
            raise ConfigError("--log-keep says for how long a log is kept: name one with --log")
        if not (math.isfinite(days) and days > 0):
            raise ConfigError(f"the log is kept for {days:g} days: give more than 0, or leave it out to keep all")


@dataclass(frozen=True, kw_only=True)
class IndexConfig:
    """How an index is built or added to.

    Attributes:
        index: a folder, or an fsspec address.
        paths: files, and folders of which the recordings below are meant.
        model: the tokenizer's file; None for the shipped one.
        workers: processes that share the work.
        on: the cluster that does so instead, see `check_cluster`.
        stages, vectors, graph: what is kept of the audio; None for what the index has, or the default of a new one.

    Raises:
        ConfigError: a number is out of range.
    """

    index: str
    paths: tuple[Path, ...]
    model: Path | None = None
    workers: int = 1
    on: str | None = None
    stages: int | None = None
    vectors: bool | None = None
    graph: bool | None = None

    def __post_init__(self) -> None:
        _check_workers(self.workers, self.on)
        if self.stages is not None:
            _check_count("the number of stages", self.stages, MOST_STAGES)


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """How an index is searched.

    Attributes:
        index: a folder, or an fsspec address.
        keyword: name of an enrolled keyword, None if recordings are searched for.
        recordings: of one phrase, none if a keyword is searched for.
        method: one of METHODS.
        top: the most hits there may be.
        store: folder of the keywords.
        model: the tokenizer's file; None for the shipped one.
        on: the cluster whose machines share the index, see `check_cluster`; None for this machine alone.

    Raises:
        ConfigError: there is nothing to search for, or two things, no such method, or no hit is wanted.
    """

    index: str
    keyword: str | None = None
    recordings: tuple[Path, ...] = ()
    method: str = METHODS[0]
    top: int = 20
    store: Path
    model: Path | None = None
    on: str | None = None

    def __post_init__(self) -> None:
        if self.on is not None:
            check_cluster(self.on)
        if self.keyword is None and not self.recordings:
            raise ConfigError("there is nothing to search for: give an enrolled keyword, or a recording with --wav")
        if self.keyword is not None and self.recordings:
            raise ConfigError(f'there are two things to search for: give either "{self.keyword}" or --wav')
        if self.method not in METHODS:
            raise ConfigError(f'there is no method "{self.method}": choose one of {", ".join(METHODS)}')
        if self.top < 1:
            raise ConfigError(f"the number of hits is {self.top}: give 1 or more")


def check_cluster(address: str) -> str:
    """The address itself; ConfigError for one that is neither "ray" nor "ray://HOST:PORT"."""
    if address != LOCAL_CLUSTER and not re.fullmatch(r"ray://[^/]+:\d+", address):
        raise ConfigError(f"{address} is no cluster: give ray for this machine's or a new one, or ray://HOST:10001")
    return address


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


def _check_workers(workers: int, on: str | None) -> None:
    _check_count("the number of workers", workers, MOST_WORKERS)
    if on is not None:
        check_cluster(on)
        if workers > 1:
            raise ConfigError(f"{on} has as many workers as it has cores: leave out --workers, or --on")


def _check_count(what: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise ConfigError(f"{what} is {value}: give 1 to {most}")
