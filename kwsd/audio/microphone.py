"""A microphone as a source that survives being unplugged."""

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

STALL = 2.0  # s without a callback after which the device counts as gone; PortAudio does not say so
LONGEST_PAUSE = 5.0  # s between attempts to open it again, at most


class OnStatus(Protocol):
    """Who wants to know about "microphone-lost" (device, reason) and "microphone-back" (device, rate, lost)."""

    def __call__(self, status: str, **facts: Any) -> None:
        """Take it in, on the thread that runs `blocks`."""
        ...


class _Capture:
    """PortAudio's callback: it copies the first channel and counts what was lost, nothing else."""

    def __init__(self, backlog: InputQueue[Chunk]) -> None:
        self.overflows = 0
        self._backlog = backlog
        self._rate = 0
        self._until: float | None = None  # monotonic time at which the last sample was heard
        self._interrupted = False

    def resume(self, rate: int) -> None:
        """What comes next has this rate, and what passed since the last sample was lost."""
        self._rate = rate
        self._interrupted = self._until is not None

    def __call__(self, data: Any, frames: int, times: Any, status: Any) -> None:
        # The driver's own time stamps are not used: behind PulseAudio they are 0 or off by hundreds of milliseconds.
        seconds = frames / self._rate
        begin = time.monotonic() - seconds
        lost = self._lost(begin, status)
        self._until = begin + seconds
        self._backlog.put(Chunk(data[:, 0].copy(), self._rate, time.time() - seconds, lost))

    def _lost(self, begin: float, status: Any) -> float:
        interrupted, self._interrupted = self._interrupted, False
        self.overflows += bool(status.input_overflow)
        if self._until is None or not (interrupted or status.input_overflow):
            return 0.0
        # PortAudio says that it lost something, not how much: at least a sample.
        return max(begin - self._until, 1 / self._rate)


class Microphone:
    """An input device as a source: its first channel at its own rate, resampled here.

    It listens from the moment it is made. One channel, because laptops are sold whose two cancel each other. Between
    the callback and the consumer lies a queue of `seconds`; when it is full, the oldest audio is dropped and reported
    as lost.

    A device that gives nothing for `stall` seconds is closed, and opened again by its name as soon as it is back;
    the time between is reported as lost. The system's default microphone is then whatever the default is by then.

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
        self._backlog: InputQueue[Chunk] = InputQueue(seconds)
        self._capture = _Capture(self._backlog)
        self._stream: Any = None
        self._begun = False
        self._closed = False
        self._gone = False
        self.device = portaudio.choose(device, devices())
        self.name = self.device.name
        self._open()

    @property
    def dropped(self) -> float:
        """Seconds of audio dropped so far because the consumer was slow."""
        return self._backlog.dropped

    @property
    def overflows(self) -> int:
        """How often PortAudio said that it lost audio before we saw it."""
        return self._capture.overflows

    def blocks(self) -> Iterator[Block]:
        """What is heard, until `close`.

        Raises:
            DeviceError: the driver does not let go of a device that is gone.
        """
        self._begun = True
        timeline = Timeline()
        try:
            for chunk in self._chunks():
                yield from timeline.push(chunk)
        finally:
            self._shut()

    def close(self) -> None:
        """Make `blocks` end soon."""
        self._closed = True
        self._backlog.close()
        if not self._begun:
            self._shut()

    def _chunks(self) -> Iterator[Chunk]:
        patience = self._stall
        while not self._closed:
            chunk = self._backlog.get(patience)
            if chunk is not None:
                patience = self._stall
                self._say_back(chunk)
                # A driver's NaN would stay in the resampler's filter.
                yield Chunk(np.nan_to_num(chunk.samples), chunk.rate, chunk.wall, chunk.lost)
            elif not self._closed:
                self._reopen()
                patience = min(2 * patience, max(LONGEST_PAUSE, self._stall))

    def _open(self) -> None:
        check_rate(self.device.rate, f"the microphone {self.device.name!r}")
        self._capture.resume(self.device.rate)
        self._stream = portaudio.start(self.device, self._capture)

    def _reopen(self) -> None:
        if not self._gone:
            self._gone = True
            self._say("microphone-lost", device=self.device.name, reason=f"no audio for {self._stall:g} s")
        self._release()
        try:
            portaudio.restart()
            self.device = self._same()
            self._open()
        except AudioError:
            return  # it is tried again after a longer wait

    def _same(self) -> Device:
        found = devices()
        return portaudio.choose(None, found) if self._wanted is None else portaudio.again(self.device, found)

    def _release(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            portaudio.stop(stream)

    def _shut(self) -> None:
        try:
            self._release()
        except DeviceError:
            return  # the process is about to end anyway, and now it can

    def _say_back(self, chunk: Chunk) -> None:
        if self._gone:
            self._gone = False
            self._say("microphone-back", device=self.device.name, rate=self.device.rate, lost=chunk.lost)

    def _say(self, status: str, **facts: Any) -> None:
        if self._on_status is not None:
            self._on_status(status, **facts)
