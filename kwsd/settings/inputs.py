"""The audio input of `kwsd listen`: a microphone, a pipe or a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from kwsd.errors import ConfigError
from kwsd.settings.checks import Settings

Width = Literal["s16", "s24", "s32", "f32"]


class MicrophoneInput(Settings, frozen=True, tag=True):
    """Listen to an input device by its name, part of its name, or its index; None is the system's default."""

    device: (
        Annotated[
            str,
            Meta(description="Listen to this microphone; see `kwsd devices`. Give it again for more, one stream each."),
        ]
        | None
    ) = None


class PipeInput(Settings, frozen=True, tag=True):
    """Listen to raw PCM on standard input; `kwsd.audio.pcm` knows which layouts it can read."""

    rate: Annotated[int, Meta(title="the sample rate", description="Sample rate of --stdin.")] = 16_000
    width: Annotated[
        Width,
        Meta(description="Samples of --stdin.", extra={"head": 'there is no width "{}"'}),
    ] = "s16"
    channels: Annotated[int, Meta(title="the number of channels", description="Interleaved channels of --stdin.")] = 1


class FileInput(Settings, frozen=True, tag=True):
    """Listen to a file, as fast as it goes or at the pace of its time."""

    path: Annotated[Path, Meta(description="Listen to a file, faster than real time.")]
    realtime: Annotated[bool, Meta(description="Read --file at the pace of its time.")] = False


Input = MicrophoneInput | PipeInput | FileInput


def choose_inputs(
    file: Path | None, pipe: PipeInput | None, microphones: Sequence[MicrophoneInput], realtime: bool = False
) -> tuple[Input, ...]:
    """The inputs that were asked for: a file, a pipe, or microphones; the default microphone if there are none.

    Raises:
        ConfigError: inputs of several kinds or the same twice were asked for, or `realtime` without a file.
    """
    asked: list[Input | None] = [FileInput(file, realtime) if file else None, pipe, *microphones[:1]]
    given = [one for one in asked if one is not None]
    if len(set(microphones)) < len(microphones):
        raise ConfigError("a microphone is given twice: give each once with --device")
    if len(given) > 1:
        raise ConfigError("there is more than one input: give only one of --mic or --device, --stdin, and --file")
    if realtime and not file:
        raise ConfigError("--realtime paces a file: give one with --file, other inputs have their own pace")
    return tuple(microphones) or tuple(given) or (MicrophoneInput(),)
