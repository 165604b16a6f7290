"""A microphone as a source; it is opened again after it was unplugged and plugged in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from kwsd.audio import portaudio
from kwsd.audio.input_queue import InputQueue
from kwsd.audio.portaudio import Device, devices
from kwsd.audio.resample import check_rate
from kwsd.audio.source import Block
from kwsd.audio.timeline import Chunk, Timeline
from kwsd.errors import AudioError, DeviceError

__all__ = ["Device", "Microphone", "OnStatus", "devices"]

STALL = 2.0  # s without a callback after which the device counts as disconnected; PortAudio does not report it
MAX_RETRY_INTERVAL = 5.0  # s between two attempts to open the device again


class OnStatus(Protocol):
    """A callback for "microphone-lost" (device, reason) and "microphone-back" (device, rate in Hz, lost in s)."""

    def __call__(self, status: str, **facts: Any) -> None:
        """Called in the thread that runs `blocks`."""
        ...


class _Callback:
    """PortAudio's callback: it only copies the first channel and counts lost audio."""

    def __init__(self, queue: InputQueue[Chunk]) -> None:
        self.overflows = 0
        self._queue = queue
        self._rate = 0
        self._until: float | None = None  # monotonic time at the end of the last sample
        self._interrupted = False

    def resume(self, rate: int) -> None:
        """The next samples have this rate in Hz; the audio between the last sample and them is lost."""
        self._rate = rate
        self._interrupted = self._until is not None

    def __call__(self, data: Any, frames: int, times: Any, status: Any) -> None:
        # The driver's time stamps are not used: with PulseAudio they are 0 or wrong by hundreds of milliseconds.
        seconds = frames / self._rate
        begin = time.monotonic() - seconds
        lost = self._lost(begin, status)
        self._until = begin + seconds
        self._queue.put(Chunk(data[:, 0].copy(), self._rate, time.time() - seconds, lost))

    def _lost(self, begin: float, status: Any) -> float:
        interrupted, self._interrupted = self._interrupted, False
        self.overflows += bool(status.input_overflow)
        if self._until is None or not (interrupted or status.input_overflow):
            return 0.0
        # PortAudio reports that audio was lost, but not how much: it is at least one sample.
        return max(begin - self._until, 1 / self._rate)


class Microphone:
    """An input device as a source: its first channel at the device's own rate, resampled to 16 kHz.

    Recording starts in the constructor. Only one channel is used, because in some laptops two channels cancel each
    other. Between the callback and the consumer is a queue of `seconds`; when it is full, the oldest audio is dropped
    and reported as lost.

    A device that delivers no audio for `stall` seconds is closed, and opened again by its name when it is connected
    again; the time between is reported as lost. Where `device` is None, the device that is then the system's default
    is opened.

    Args:
        device: index, name or part of the name; None for the system's default.
        seconds: audio that may wait in the queue.
        stall: seconds without audio after which the device counts as disconnected.
        on_status: called when the device is lost and when it is back.

    Attributes:
        name: the device's name.
        device: the device as it was listed when it was last opened.

    Raises:
        DeviceError: PortAudio is missing, or the device does not exist or will not open.
    """

    def __init__(
        self,
        device: int | str | None = None,
        *,
        seconds: float = 10.0,
        stall: float = STALL,
        on_status: OnStatus | None = None,
    ) -> None:
        self._wanted = device
        self._stall = stall
        self._on_status = on_status
        self._queue: InputQueue[Chunk] = InputQueue(seconds)
        self._callback = _Callback(self._queue)
        self._stream: Any = None
        self._started = False
        self._closed = False
        self._disconnected = False
        self.device = portaudio.choose(device, devices())
        self.name = self.device.name
        self._open()

    @property
    def due(self) -> float:
        """Seconds that the next block should have at least."""
        return self._queue.due

    @due.setter
    def due(self, seconds: float) -> None:
        self._queue.due = seconds

    @property
    def dropped(self) -> float:
        """Seconds of audio dropped so far because the consumer was slow."""
        return self._queue.dropped

    @property
    def overflows(self) -> int:
        """How often PortAudio reported an input overflow: audio lost before the callback."""
        return self._callback.overflows

    def blocks(self) -> Iterator[Block]:
        """The audio of the microphone, until `close`.

        Raises:
            DeviceError: the driver does not close a device that is disconnected.
        """
        self._started = True
        timeline = Timeline()
        try:
            for chunk in self._chunks():
                yield from timeline.push(chunk)
        finally:
            self._close_quietly()

    def close(self) -> None:
        """Make `blocks` end soon."""
        self._closed = True
        self._queue.close()
        if not self._started:
            self._close_quietly()

    def _chunks(self) -> Iterator[Chunk]:
        timeout = self._stall
        while not self._closed:
            chunk = self._queue.get(timeout)
            if chunk is not None:
                timeout = self._stall
                self._report_back(chunk)
                # A NaN of the driver would stay in the state of the resampler's filter.
                yield Chunk(np.nan_to_num(chunk.samples), chunk.rate, chunk.wall, chunk.lost)
            elif not self._closed:
                self._reopen()
                timeout = min(2 * timeout, max(MAX_RETRY_INTERVAL, self._stall))

    def _open(self) -> None:
        check_rate(self.device.rate, f"the microphone {self.device.name!r}")
        self._callback.resume(self.device.rate)
        self._stream = portaudio.open_stream(self.device, self._callback)

    def _reopen(self) -> None:
        if not self._disconnected:
            self._disconnected = True
            self._report("microphone-lost", device=self.device.name, reason=f"no audio for {self._stall:g} s")
        self._close_stream()
        try:
            portaudio.reinitialize()
            self.device = self._find_device()
            self._open()
        except AudioError:
            return  # the next attempt is made after a longer wait

    def _find_device(self) -> Device:
        found = devices()
        return portaudio.choose(None, found) if self._wanted is None else portaudio.find_same(self.device, found)

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            portaudio.close_stream(stream)

    def _close_quietly(self) -> None:
        try:
            self._close_stream()
        except DeviceError:
            return  # the source is closed in any case, and the caller can go on

    def _report_back(self, chunk: Chunk) -> None:
        if self._disconnected:
            self._disconnected = False
            self._report("microphone-back", device=self.device.name, rate=self.device.rate, lost=chunk.lost)

    def _report(self, status: str, **facts: Any) -> None:
        if self._on_status is not None:
            self._on_status(status, **facts)
