"""A microphone as a source; it is opened again after it was unplugged and plugged in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from kwsd.audio import portaudio
from kwsd.audio.input_queue import InputQueue
from kwsd.audio.portaudio import Device, devices
from kwsd.audio.reopening import Reopening
from kwsd.audio.resample import check_rate
from kwsd.audio.source import Block, OnStatus, no_audio
from kwsd.audio.timeline import Chunk, Timeline
from kwsd.errors import DeviceError

__all__ = ["Device", "Microphone", "devices"]

STALL = 0.8  # s without a callback after which the device counts as lost; PortAudio does not report it
PATIENCE = 3  # times as long a device that was just opened may be silent: PulseAudio takes up to 2 s
TICK = 0.2  # s between two looks at a device that is silent, at most
SETTLE = 0.2  # s in which a device that was only late delivers what it held back
TOLERANCE = 0.1  # s that may be missing after a pause because of jitter
CLOSE_TIMEOUT = 1.0  # s for the driver to let go of the device at the end


class _Callback:
    """PortAudio's callback: it only copies the first channel and counts lost audio."""

    def __init__(self, queue: InputQueue[Chunk]) -> None:
        self.overflows = 0
        self._queue = queue
        self._rate = 0
        self.until: float | None = None  # monotonic time at the end of the last sample
        self._interrupted = False

    def resume(self, rate: int) -> None:
        """The next samples have this rate in Hz; the audio between the last sample and them is lost."""
        self._rate = rate
        self._interrupted = self.until is not None

    def __call__(self, data: Any, frames: int, times: Any, status: Any) -> None:
        # The driver's time stamps are not used: with PulseAudio they are 0 or wrong by hundreds of milliseconds.
        seconds = frames / self._rate
        begin = time.monotonic() - seconds
        lost = self._lost(begin, status)
        self.until = begin + seconds
        self._queue.put(Chunk(data[:, 0].copy(), self._rate, time.time() - seconds, lost))

    def _lost(self, begin: float, status: Any) -> float:
        interrupted, self._interrupted = self._interrupted, False
        self.overflows += bool(status.input_overflow)
        if self.until is None or not (interrupted or status.input_overflow):
            return 0.0
        # PortAudio reports that audio was lost, but not how much: it is at least one sample.
        return max(begin - self.until, 1 / self._rate)


class Microphone:
    """An input device as a source: its first channel at the device's own rate, resampled to 16 kHz.

    Recording starts in the constructor. Only one channel is used, because in some laptops two channels cancel each
    other. Between the callback and the consumer is a queue of `seconds`; when it is full, the oldest audio is dropped
    and reported as lost.

    A device that delivers no audio for `stall` seconds, or none for three times as long after it was opened, is
    reported as lost. After twice as long it is closed, and opened again by its name as soon as it is there; the time
    between is reported as lost. Where `device` is None, the device that is then the system's default is opened. While
    there is no audio, `blocks` gives blocks without samples.

    Args:
        device: index, name or part of the name; None for the system's default.
        seconds: audio that may wait in the queue.
        stall: seconds without audio after which the device counts as lost.
        on_status: called when the device is lost and when it is back.

    Attributes:
        name: the name of the device.

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
        self._reopening = Reopening(self._reopen, stall / 2, PATIENCE * stall)
        self._stream: Any = None
        self._started = False
        self._closed = False
        self._lost_at: float | None = None  # monotonic time of the last audio before the device was lost
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
    def waiting(self) -> float:
        """Seconds of audio that wait for the consumer."""
        return self._queue.waiting

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
            DriverStuckError: the sound driver does not return from closing or opening the device.
        """
        self._started = True
        timeline = Timeline()
        try:
            for chunk in self._chunks():
                yield from [no_audio(timeline.end)] if chunk is None else timeline.push(chunk)
        finally:
            self._close_quietly()

    def close(self) -> None:
        """Make `blocks` end soon."""
        self._closed = True
        self._queue.close()
        if not self._started:
            self._close_quietly()

    def _chunks(self) -> Iterator[Chunk | None]:
        """The audio as it comes, and None again and again while none comes."""
        tick, silent = min(TICK, self._stall), 0.0
        while not self._closed:
            chunk = self._queue.get(tick)
            if chunk is not None:
                silent = 0.0
                # A NaN of the driver would stay in the state of the resampler's filter.
                yield replace(self._after_silence(chunk), samples=np.nan_to_num(chunk.samples))
            elif not self._closed:
                silent += tick
                self._look_after(silent)
                yield None

    def _look_after(self, silent: float) -> None:
        """Report a device without audio for so many seconds, and open it again."""
        patience = PATIENCE * self._stall if self._callback.until is None else self._stall
        if silent >= patience and self._lost_at is None:
            self._lost_at = self._callback.until or time.monotonic()
            self._report("microphone-lost", device=self.device.name, reason=f"no audio for {patience:.2g} s")
        if silent >= max(patience, 2 * self._stall):
            self._reopening.step()

    def _after_silence(self, chunk: Chunk) -> Chunk:
        """The chunk, and what its device did not make up for as lost, if the device was lost before it."""
        if self._lost_at is None:
            return chunk
        if not chunk.lost:
            chunk = self._settled(chunk, self._lost_at)
        self._lost_at = None
        self._reopening.reset()
        self._report("microphone-back", device=self.device.name, rate=self.device.rate, lost=chunk.lost)
        return chunk

    def _settled(self, first: Chunk, lost_at: float) -> Chunk:
        """The first chunk after a silence of the same stream: the driver lost audio, or it was only late with it."""
        time.sleep(SETTLE)
        missing = (self._callback.until or lost_at) - lost_at - first.seconds - self._queue.waiting
        return replace(first, lost=missing) if missing > TOLERANCE else first

    def _open(self) -> None:
        check_rate(self.device.rate, f"the microphone {self.device.name!r}")
        self._callback.resume(self.device.rate)
        self._stream = portaudio.open_stream(self.device, self._callback)

    def _reopen(self) -> None:
        self._close_stream()
        portaudio.reinitialize()
        self.device = self._find_device()
        self._open()

    def _find_device(self) -> Device:
        found = devices()
        return portaudio.choose(None, found) if self._wanted is None else portaudio.find_same(self.device, found)

    def _close_stream(self, seconds: float | None = None) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            portaudio.close_stream(stream, seconds)

    def _close_quietly(self) -> None:
        # The source is closed in any case, and the caller can go on.
        if self._reopening.finish(CLOSE_TIMEOUT):
            with suppress(DeviceError):
                self._close_stream(CLOSE_TIMEOUT)

    def _report(self, status: str, **facts: Any) -> None:
        if self._on_status is not None:
            self._on_status(status, **facts)
