"""The formats that need `kwsd[media]`, recognised by the first bytes of a file."""

from __future__ import annotations

from typing import BinaryIO

from kwsd.system import read_at

_HEAD = 64  # bytes
_MP4 = "an MP4 file (m4a, mp4, mov, 3gp)"
_BEGINNINGS = (
    (0, b"\x1a\x45\xdf\xa3", "a WebM or Matroska file"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
    (0, b"FLV\x01", "a Flash video file"),
    (0, b"\x0b\x77", "an AC-3 file"),
    (0, b"wvpk", "a WavPack file"),
    (0, b"\x00\x00\x01\xba", "an MPEG video file"),
    (4, b"ftyp", _MP4),
    (4, b"moov", _MP4),
    (4, b"mdat", _MP4),
    (4, b"wide", _MP4),
    (8, b"AVI ", "an AVI file"),
    (28, b"Speex   ", "a Speex file"),
    (0, b"OggS", "an Ogg file with another codec than Vorbis, Opus and FLAC"),
    (0, b"caff", "a CAF file with compressed audio"),
    (8, b"WAVEfmt ", "a WAV file with an unusual codec"),
)


def media_format(file: BinaryIO) -> str | None:
    """Such as "an AMR file" for a regular file that PyAV may read and libsndfile does not; None for any other."""
    head = read_at(file, _HEAD, 0)
    if len(head) < _HEAD:
        return None  # no audio fits
    for offset, beginning, name in _BEGINNINGS:
        if head[offset:].startswith(beginning):
            return name
    if _is_adts(head):
        return "an AAC file"
    return "an MPEG transport stream" if _is_transport_stream(file) else None


def _is_adts(head: bytes) -> bool:
    """The 12 bits of the sync word, and the two bits of the layer, which are always 0."""
    return head[0] == 0xFF and head[1] & 0xF6 == 0xF0


def _is_transport_stream(file: BinaryIO) -> bool:
    """Packets of 188 bytes, each of which begins with a G."""
    head = read_at(file, 3 * 188, 0)
    return head[::188] == b"GGG"
