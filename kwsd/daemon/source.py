"""From what was asked for to an open source of audio, with a bounded queue where the audio is live."""

from __future__ import annotations

from typing import BinaryIO

from kwsd.audio import FileSource, Microphone, PcmSource
from kwsd.audio.microphone import OnStatus
from kwsd.audio.pipe import Pipe
from kwsd.audio.source import Source
from kwsd.config import FileInput, Input, MicrophoneInput, PipeInput


def open_source(wanted: Input, stdin: BinaryIO, queue: float, on_status: OnStatus | None = None) -> Source:
    """The source, open and ready.

    Args:
        wanted: what was asked for.
        stdin: where raw PCM comes from.
        queue: seconds of live audio that may wait for their consumer.
        on_status: told when a microphone goes and comes back.

    Raises:
        AudioError: the file, the device or the layout of the PCM cannot be used.
    """
    match wanted:
        case FileInput(path, realtime):
            return FileSource(path, realtime)
        case PipeInput(rate, width, channels):
            return Pipe(PcmSource(stdin, rate, width, channels), queue)
        case MicrophoneInput(device):
            return Microphone(device, seconds=queue, on_status=on_status)
