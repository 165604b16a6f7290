"""A stream of raw PCM in chunks of any format, as other programs hand it over, to detections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kwsd.audio.pcm import MAX_CHANNELS, decode
from kwsd.audio.resample import check_rate
from kwsd.audio.samples import mix
from kwsd.audio.source import Block
from kwsd.audio.timeline import Chunk, Timeline
from kwsd.errors import AudioError
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.detection import Detection
from kwsd.spotting.scan import AudioSpotter
from kwsd.tokenizer.tokenizer import Tokenizer

WIDTHS = {1: "s8", 2: "s16", 3: "s24", 4: "s32"}  # by bytes per sample, signed whole numbers


class DetectionStream:
    """Detections in audio that another program sends or calls with.

    Args:
        tokenizer: for this stream alone; is reset.
        keywords: at least one.
        refractory: seconds after a detection in which the same keyword is not detected again.
    """

    def __init__(self, tokenizer: Tokenizer, keywords: Sequence[Keyword], refractory: float) -> None:
        self._spotter = AudioSpotter(tokenizer, keywords, refractory=refractory)
        self._timeline = Timeline()
        self._waiting: list[Block] = []
        self._seconds = 0.0  # of what waits

    def push(self, audio: bytes, rate: int, width: int, channels: int) -> list[Detection]:
        """The detections that are certain with this chunk of interleaved little-endian PCM.

        Args:
            audio: whole samples of every channel.
            rate: sample rate in Hz; it may change from chunk to chunk, as may the following.
            width: bytes per sample.
            channels: number of channels; they are mixed to their mean.

        Raises:
            AudioError: the format is not supported, or the chunk ends within a sample.
        """
        check_format(rate, width, channels)
        if len(audio) % (width * channels):
            raise AudioError(f"a chunk of {len(audio)} bytes holds no whole samples of {width} x {channels} bytes")
        samples = mix(decode(audio, WIDTHS[width]).reshape(-1, channels))
        self._wait(self._timeline.push(Chunk(samples, rate)))
        # Frames that cannot end a keyword yet are scored together, which costs less.
        return self._spot() if self._seconds >= self._spotter.due else []

    def flush(self) -> list[Detection]:
        """The detections that are certain at the end of the audio; then a new stream begins."""
        self._wait(self._timeline.flush())
        self._timeline = Timeline()
        return self._spot() + self._spotter.flush()

    def _wait(self, blocks: Sequence[Block]) -> None:
        self._waiting += blocks
        self._seconds += sum(block.seconds for block in blocks)

    def _spot(self) -> list[Detection]:
        waiting, self._waiting, self._seconds = self._waiting, [], 0.0
        if not waiting:
            return []
        return self._spotter.push(Block(np.concatenate([block.samples for block in waiting]), waiting[0].time))


def check_format(rate: int, width: int, channels: int) -> None:
    """Check that audio of this format can be read.

    Raises:
        AudioError: it cannot; the message says what can.
    """
    if any(type(value) is not int for value in (rate, width, channels)):
        raise AudioError("rate, width and channels of the audio must be whole numbers")
    check_rate(rate, "the audio")
    if width not in WIDTHS:
        raise AudioError(f"samples of {width} bytes cannot be read; send {', '.join(map(str, WIDTHS))} bytes")
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"audio of {channels} channels cannot be read; send 1 to {MAX_CHANNELS}")
