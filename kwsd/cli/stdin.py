"""Audio on standard input: raw PCM, and for recordings a file of any format as "-"."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from kwsd.cli.options import F, path, setting
from kwsd.settings.inputs import PipeInput, Width


def recording(value: str) -> Path:
    """The path of a recording, with standard input for "-"."""
    from kwsd.audio.opening import STDIN

    return STDIN if value == "-" else path(value)


RECORDING = click.types.FuncParamType(recording)


def stdin_options(verb: F) -> F:
    """Add `--stdin`, `--rate`, `--width` and `--stdin-channels`."""
    flag = click.option("--stdin", is_flag=True, help="Read raw little-endian PCM on standard input.")
    rate = setting(PipeInput, "rate", metavar="HZ")
    width = setting(PipeInput, "width")
    return flag(rate(width(setting(PipeInput, "channels", "--stdin-channels", metavar="COUNT")(verb))))


def with_stdin(files: tuple[Path, ...], stdin: bool, rate: int, width: Width, channels: int) -> tuple[Path, ...]:
    """The files, and standard input as one more if `stdin` says that it is raw PCM of such a layout.

    Raises:
        AudioError: the layout is not supported, or standard input is a terminal.
    """
    if not stdin:
        return files
    from kwsd.audio.opening import STDIN
    from kwsd.audio.raw import wav_stream

    layout = PipeInput(rate, width, channels)
    with wav_stream(sys.stdin.buffer, layout.rate, layout.width, layout.channels) as pipe:
        os.dup2(pipe.fileno(), sys.stdin.fileno())
    return (*files, STDIN)
