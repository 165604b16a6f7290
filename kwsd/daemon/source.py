"""The audio source of the daemon, from its settings; live audio goes through a bounded queue."""

from __future__ import annotations

from typing import BinaryIO

from kwsd.audio import FileSource, Microphone, PcmSource
from kwsd.audio.pipe import Pipe
from kwsd.audio.source import OnStatus, QueuedSource
from kwsd.settings.inputs import FileInput, Input, MicrophoneInput, PipeInput


def open_source(wanted: Input, stdin: BinaryIO, queue: float, on_status: OnStatus | None = None) -> QueuedSource:
    """An open source.

    Args:
        wanted: the settings of the input: a file, raw PCM or a microphone.
        stdin: the stream of raw PCM.
        queue: seconds of live audio that may wait for the consumer.
        on_status: called when a microphone is lost or a writer pauses, and when it goes on.

    Raises:
        AudioError: the file, the device or the PCM format cannot be used.
    """
    match wanted:
        case FileInput(path, realtime):
            return FileSource(path, realtime)
        case PipeInput(rate, width, channels):
            return Pipe(PcmSource(stdin, rate, width, channels), queue, on_status)
        case MicrophoneInput(device):
            return Microphone(device, seconds=queue, on_status=on_status)
