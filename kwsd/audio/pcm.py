"""Raw PCM from a stream, as `arecord`, `ffmpeg` or `parec` write it to standard output."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from kwsd.audio.pauses import Pauses
from kwsd.audio.resample import check_rate
from kwsd.audio.samples import check_finite, mix
from kwsd.audio.source import Block, Samples
from kwsd.audio.timeline import Chunk, Timeline
from kwsd.errors import AudioError

WIDTHS = {"s16": 2, "s24": 3, "s32": 4, "f32": 4}  # bytes per sample, little-endian
MAX_CHANNELS = 64
MAX_READ = 0.5  # s of audio in one read
SMALLEST_PIPE = 16_384  # bytes; while a reader sleeps, a pipe must not become full


class PcmSource:
    """Interleaved little-endian PCM as a source; channels are mixed to their mean.

    A block is returned as soon as at least `block` seconds and at least `due` seconds have arrived. Bytes at the end
    that are not a sample of every channel are left out.

    Args:
        stream: the bytes.
        rate: sample rate in Hz.
        width: "s16", "s24", "s32" or "f32".
        channels: number of channels.
        block: seconds of audio in a block, at least; the last one may be shorter.
        name: the name of the source in events and messages.

    Attributes:
        due: seconds that the next block should have at least; it may be set from any thread.

    Raises:
        AudioError: the rate, width or number of channels is not supported, or the stream is a terminal.
    """

    def __init__(
        self,
        stream: BinaryIO,
        rate: int,
        width: str = "s16",
        channels: int = 1,
        *,
        block: float = 0.02,
        name: str = "stdin",
    ) -> None:
        check_layout(stream, rate, width, channels, name)
        self.name = name
        self.due = 0.0
        self._stream = stream
        self._rate = rate
        self._width = width
        self._channels = channels
        self._frame_bytes = WIDTHS[width] * channels
        self._min_bytes = max(1, round(block * rate)) * self._frame_bytes
        self._wake_read, self._wake_write = os.pipe()  # `close` writes into it to end a wait for the writer
        self._closed = False

    def blocks(self) -> Iterator[Block]:
        """The audio as it arrives, until the stream ends; seconds in which a live writer pauses are lost.

        Raises:
            AudioError: a sample is NaN or infinite (f32 only).
        """
        timeline, pauses = Timeline(), Pauses()
        for chunk, waited in self._chunks():
            for ready in pauses.push(chunk, waited):
                yield from timeline.push(ready)
        if not self._closed:
            for rest in pauses.flush():
                yield from timeline.push(rest)
            yield from timeline.flush()

    def close(self) -> None:
        """Make `blocks` end, also while it waits for the writer."""
        if not self._closed:
            self._closed = True
            os.write(self._wake_write, b"!")

    def __del__(self) -> None:
        for end in (getattr(self, "_wake_read", None), getattr(self, "_wake_write", None)):
            if end is not None:
                os.close(end)

    def _chunks(self) -> Iterator[tuple[Chunk, float]]:
        """The audio as it arrives, with the seconds for which it was waited."""
        done, since = 0, time.monotonic()
        hint = f"; is it really {self._width} at {self._rate} Hz?"
        for data in self._whole_frames():
            samples = mix(decode(data, self._width).reshape(-1, self._channels))
            check_finite(samples, done, self._rate, self.name, hint)
            done += len(samples)
            yield Chunk(samples, self._rate, time.time() - len(samples) / self._rate), time.monotonic() - since
            since = time.monotonic()

    def _whole_frames(self) -> Iterator[bytes]:
        buffered = b""
        for data in self._reads():
            buffered += data
            missing = max(self._min_bytes, round(self.due * self._rate) * self._frame_bytes) - len(buffered)
            if missing > 0:
                self._let_come(missing)
            else:
                whole = len(buffered) - len(buffered) % self._frame_bytes
                yield buffered[:whole]
                buffered = buffered[whole:]
        if len(buffered) >= self._frame_bytes:
            yield buffered[: len(buffered) - len(buffered) % self._frame_bytes]

    def _reads(self) -> Iterator[bytes]:
        size = max(self._min_bytes, round(MAX_READ * self._rate) * self._frame_bytes)
        while self._ready() and (data := self._read(size)):
            yield data

    def _ready(self) -> bool:
        descriptor = _descriptor(self._stream)
        if descriptor is not None and not self._closed:
            _wait(descriptor, self._wake_read)
        return not self._closed

    def _let_come(self, missing: int) -> None:
        """Sleep while so many bytes come, so that a live writer does not wake the reader at each of its writes."""
        descriptor = _descriptor(self._stream)
        if descriptor is not None and not self._closed and not _wait(descriptor, seconds=0.0):
            _wait(self._wake_read, seconds=min(missing, SMALLEST_PIPE) / (self._frame_bytes * self._rate))

    def _read(self, size: int) -> bytes:
        descriptor = _descriptor(self._stream)
        try:
            return _read_available(self._stream, size) if descriptor is None else os.read(descriptor, size)
        except OSError as error:
            raise AudioError(f"{self.name} cannot be read: {error.strerror}") from None


def check_layout(stream: BinaryIO, rate: int, width: str, channels: int, name: str) -> None:
    """Check that a stream can hold raw PCM of such a layout; the arguments are those of PcmSource.

    Raises:
        AudioError: the rate, width or number of channels is not supported, or the stream is a terminal.
    """
    check_rate(rate, name)
    if width not in WIDTHS:
        raise AudioError(f"{width!r} is not a PCM width; use one of {', '.join(WIDTHS)}")
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"{name} cannot have {channels} channels; 1 to {MAX_CHANNELS} are possible")
    if stream.isatty():
        raise AudioError(f"{name} is a terminal; pipe raw PCM into it")


def _descriptor(stream: BinaryIO) -> int | None:
    if not hasattr(select, "poll"):
        return None  # Windows cannot wait for a pipe: the stream is read as one without a descriptor
    try:
        return stream.fileno()
    except OSError:
        return None


def _wait(*descriptors: int, seconds: float | None = None) -> bool:
    """Whether one of the descriptors became readable, within so many seconds."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if seconds is None else round(1000 * seconds)))


def _read_available(stream: Any, size: int) -> bytes:
    data: bytes = getattr(stream, "read1", stream.read)(size)
    return data


def decode(data: bytes, width: str) -> Samples:
    """Whole little-endian samples, [n] float32, [-1, 1] being full scale.

    Args:
        data: the bytes.
        width: one of WIDTHS, or "s8".
    """
    if width == "f32":
        return np.frombuffer(data, "<f4").astype(np.float32)
    if width == "s24":
        # The three bytes become the upper bytes of an s32, which keeps the sign.
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        data, width = wide.tobytes(), "s32"
    kind, full_scale = {"s8": ("i1", 2**7), "s16": ("<i2", 2**15), "s32": ("<i4", 2**31)}[width]
    scaled: Samples = np.frombuffer(data, kind).astype(np.float32) / np.float32(full_scale)
    return scaled
