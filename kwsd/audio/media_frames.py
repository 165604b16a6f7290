"""The decoded frames of PyAV as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwsd.audio.source import Samples

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.resampler import AudioResampler


class FrameReader:
    """Frames of any sample format as samples.

    Args:
        rate: sample rate of the track in Hz.
        channels: number of channels of the track.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._rate, self._channels = rate, channels
        self._kind: tuple[str, str] | None = None
        self._packer: AudioResampler

    def read(self, frame: AudioFrame) -> Samples:
        """The samples of a frame, [n, channels] float32, [-1, 1] being full scale.

        Where a frame has another number of channels than the track, each is their mean.

        Raises:
            ValueError: the frame has another sample rate, as a damaged one may say, or a layout that is none.
        """
        if frame.sample_rate != self._rate:
            raise ValueError(f"the sample rate is {frame.sample_rate}")
        parts = [self._array(part) for part in self._packed(frame)]
        return np.concatenate(parts) if parts else np.zeros((0, self._channels), np.float32)

    def _packed(self, frame: AudioFrame) -> list[AudioFrame]:
        """The frame with its channels interleaved."""
        # PyAV looks for planes behind the last one of a frame with eight or more, and reads any memory as such.
        from av.audio.resampler import AudioResampler  # noqa: PLC0415 - an extra

        kind = (frame.format.name, frame.layout.name)
        if kind != self._kind:
            self._kind, self._packer = kind, AudioResampler("flt")
        return self._packer.resample(frame)

    def _array(self, frame: AudioFrame) -> Samples:
        samples: Samples = np.asarray(frame.to_ndarray(), np.float32).reshape(frame.samples, -1)
        if samples.shape[1] == self._channels:
            return samples
        return np.repeat(samples.mean(axis=1, keepdims=True), self._channels, axis=1)
