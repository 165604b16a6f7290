"""What telephones and recorders do to speech: real codecs at low rates, by FFmpeg, in step with the original."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from export.corpus import RATE

Samples = NDArray[np.float32]
NARROW = 8_000  # samples a second on a telephone
LONGEST_DELAY = 0.12  # seconds by which a codec may be late


@dataclass(frozen=True)
class Codec:
    """A codec as FFmpeg names it.

    Attributes:
        encoder, decoder: names.
        rate: samples a second.
        bits: bits a second to choose from; empty where there is no choice.
        layout: sample format of the encoder.
    """

    encoder: str
    decoder: str
    rate: int
    bits: tuple[int, ...]
    layout: str = "s16"


CODECS = (
    Codec("pcm_mulaw", "pcm_mulaw", NARROW, ()),
    Codec("pcm_alaw", "pcm_alaw", NARROW, ()),
    Codec("libopencore_amrnb", "amrnb", NARROW, (4_750, 5_900, 7_400, 12_200)),
    Codec("g723_1", "g723_1", NARROW, (6_300,)),
    Codec("libopus", "libopus", NARROW, (6_000, 8_000)),
    Codec("libopus", "libopus", RATE, (9_000, 12_000, 16_000)),
    Codec("libmp3lame", "mp3float", RATE, (16_000, 24_000, 32_000), "s16p"),
    Codec("libmp3lame", "mp3float", NARROW, (8_000, 16_000), "s16p"),
)


def coded(x: Samples, codec: Codec, bits: int | None) -> Samples:
    """Samples [n] at 16 kHz in [-1, 1] after encoding and decoding, as many and without the codec's delay."""
    narrow = soxr.resample(x, RATE, codec.rate) if codec.rate != RATE else x
    pcm = (np.clip(narrow, -1, 1) * 32767).astype(np.int16)
    heard = _through(pcm, codec, bits)
    wide = soxr.resample(heard, codec.rate, RATE) if codec.rate != RATE else heard
    late = _delay(x, wide)
    out = wide[late : late + len(x)]
    return np.pad(out, (0, len(x) - len(out)))


def _through(pcm: NDArray[np.int16], codec: Codec, bits: int | None) -> Samples:
    import av  # noqa: PLC0415 - an extra, needed by no other module

    encoder: Any = av.CodecContext.create(codec.encoder, "w")
    encoder.sample_rate, encoder.layout, encoder.format = codec.rate, "mono", codec.layout
    encoder.time_base = Fraction(1, codec.rate)
    if bits:
        encoder.bit_rate = bits
    encoder.open()
    decoder: Any = av.CodecContext.create(codec.decoder, "r")
    decoder.sample_rate, decoder.layout = codec.rate, "mono"
    if encoder.extradata:
        decoder.extradata = encoder.extradata
    heard = []
    size = encoder.frame_size or 960
    whole = np.pad(pcm, (0, -len(pcm) % size + 2 * size))
    for first in range(0, len(whole), size):
        frame = av.AudioFrame.from_ndarray(whole[None, first : first + size], codec.layout, "mono")
        frame.sample_rate, frame.pts = codec.rate, first
        heard += [f for packet in encoder.encode(frame) for f in decoder.decode(packet)]
    heard += [f for packet in encoder.encode(None) for f in decoder.decode(packet)]
    resampler = av.AudioResampler("flt", "mono", codec.rate)
    parts = [r.to_ndarray()[0] for f in heard for r in resampler.resample(f)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


def _delay(x: Samples, late: Samples) -> int:
    """Samples by which the second signal is late, by the peak of their correlation."""
    most = int(LONGEST_DELAY * RATE)
    n = 1 << (len(x) + most).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(late[: len(x) + most], n) * np.conj(np.fft.rfft(x, n)), n)
    return int(correlation[:most].argmax())


def lost(x: Samples, rng: np.random.Generator, share: float) -> Samples:
    """The same with a share of its packets of 20 ms lost, each replaced by the one before it at half the level."""
    size = RATE // 50
    packets = np.array(x[: len(x) // size * size].reshape(-1, size))
    for i in np.flatnonzero(rng.random(len(packets)) < share):
        packets[i] = packets[i - 1] / 2 if i else 0
    return np.concatenate([packets.ravel(), x[packets.size :]])
