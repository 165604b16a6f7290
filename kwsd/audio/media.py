"""Decoding with PyAV (FFmpeg): the audio of m4a, AAC, WebM, AMR, Speex and video files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from kwsd.audio.media_frames import FrameReader
from kwsd.audio.source import Samples
from kwsd.errors import AudioError

if TYPE_CHECKING:
    from av.container import InputContainer

# FFmpeg also reads playlists, which name other files and addresses: only these formats are tried, and nothing is opened
# but the file itself.
DEMUXERS = "aac,ac3,amr,amrnb,amrwb,asf,avi,caf,eac3,flv,loas,matroska,webm,mov,mp4,m4a,3gp,mpeg,mpegts,ogg,wav,wv"
STATES_LENGTH = ("mov", "matroska")  # the others' lengths are estimates
LONG_GAP = 0.1  # s; shorter ones are the rounding of time stamps
LONGEST_GAP = 600.0  # s; a longer one is a wrong time stamp, not a pause
DECODER_DELAY = {"speex": 0.005}  # s; FFmpeg's decoder does not take it off


class MediaDecoder:
    """The decoder of the track that FFmpeg takes for the best; attributes as those of `kwsd.audio.decode.Decoder`.

    The delay and the padding of the encoder are left out as far as the file states them, and time without packets is
    silence, so that times are those that a player shows.

    Raises:
        AudioError: the file is damaged, or has no audio track that can be decoded; the message lacks the file's name.
        ImportError: PyAV is not installed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._container = _open(file)
        self._broken = 0
        try:
            track = self._track = _audio_track(self._container)
            self.rate: int = track.codec_context.sample_rate
            self.channels: int = track.codec_context.channels
            if not self.rate or not self.channels:
                raise AudioError("its audio track is damaged")
        except AudioError:
            self.close()
            raise
        self._origin = max(0.0, (self._container.start_time or 0) / 1e6)
        self._origin += DECODER_DELAY.get(track.codec_context.codec.canonical_name, 0.0)
        self.seconds = self._stated_seconds()

    def chunks(self) -> Iterator[Samples]:
        """Samples [n, channels] float32, in chunks of about a second."""
        waiting, count = [], 0
        for samples in self._trimmed(self._in_time()):
            waiting.append(samples)
            count += len(samples)
            if count >= self.rate:
                yield np.concatenate(waiting)
                waiting, count = [], 0
        if count:
            yield np.concatenate(waiting)

    def fault(self) -> str | None:
        """How many packets could not be decoded."""
        return f"{self._broken} of its packets could not be decoded" if self._broken else None

    def close(self) -> None:
        """Close the decoder, and not the file."""
        self._container.close()

    def _stated_seconds(self) -> float | None:
        """The length of the audio in the header, from the time at which the file begins."""
        if not self._container.format.name.startswith(STATES_LENGTH):
            return None
        track = self._track
        if track.duration is not None and track.time_base is not None:
            start = float((track.start_time or 0) * track.time_base)
            return float(track.duration * track.time_base) + max(0.0, start - self._origin)
        whole = self._container.duration  # of all tracks
        return whole / 1e6 if whole is not None and len(self._container.streams) == 1 else None

    def _trimmed(self, parts: Iterator[Samples]) -> Iterator[Samples]:
        """The samples up to the stated end of an MP4's track; what follows is the last packet's padding."""
        states_end = self._container.format.name.startswith("mov") and self.seconds is not None
        left = round((self.seconds or 0.0) * self.rate) if states_end else None
        for samples in parts:
            yield samples if left is None else samples[:left]
            left = None if left is None else max(0, left - len(samples))

    def _in_time(self) -> Iterator[Samples]:
        """The samples of all frames from the origin on, with silence where the time stamps have a gap."""
        done, origin = 0, self._origin
        for time, samples in self._frames():
            gap = 0.0 if time is None else time - origin - done / self.rate
            if not done and gap < 0:
                samples = samples[round(-gap * self.rate) :]  # noqa: PLW2901 - without the encoder's delay
            elif gap <= LONGEST_GAP and (gap > LONG_GAP or not done):
                yield from _silence(round(gap * self.rate), self.rate, self.channels)
                done += round(gap * self.rate)
            elif abs(gap) > LONG_GAP:
                origin += gap
            done += len(samples)
            yield samples

    def _frames(self) -> Iterator[tuple[float | None, Samples]]:
        """The time stamp, in seconds, and the samples of each frame that can be decoded."""
        from av.error import FFmpegError  # noqa: PLC0415 - an extra

        reader = FrameReader(self.rate, self.channels)
        try:
            for packet in self._container.demux(self._track):
                try:
                    for frame in packet.decode():
                        yield frame.time, reader.read(frame)
                except (FFmpegError, ValueError):
                    self._broken += 1
        except (FFmpegError, EOFError, IndexError):  # of the demuxer: what follows cannot be found
            self._broken += 1


class _Source:
    """A file as PyAV uses it; FFmpeg seeks to where a damaged header sends it, be it farther than a file reaches."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.tell, self._seek = file.read, file.tell, file.seek

    def seek(self, offset: int, whence: int = 0) -> int:
        """The new position; -1, and not an exception, which PyAV would print, where there is none."""
        try:
            return self._seek(offset, whence)
        except OSError:
            return -1


def _open(file: BinaryIO) -> InputContainer:
    import av  # noqa: PLC0415 - an extra
    from av.error import FFmpegError  # noqa: PLC0415

    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "none"}
    try:
        return av.open(_Source(file), "r", options=options, metadata_errors="replace")
    except (FFmpegError, EOFError, ValueError):
        raise AudioError("it is damaged or cut short, and nothing of it can be read") from None


def _audio_track(container: InputContainer) -> Any:
    track = container.streams.best("audio")
    if track is None:
        raise AudioError("it has no audio track")
    if track.codec_context is None:
        raise AudioError("its audio track is encrypted, or in a codec that is not known")
    return track


def _silence(count: int, rate: int, channels: int) -> Iterator[Samples]:
    for begin in range(0, count, rate):
        yield np.zeros((min(rate, count - begin), channels), np.float32)
