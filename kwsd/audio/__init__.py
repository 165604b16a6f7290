"""Audio: files, pipes and microphones as 16 kHz mono blocks with a clock, and the speech found in a recording."""

from kwsd.audio.files import FileSource, audio_files, read
from kwsd.audio.input_queue import BufferedSource
from kwsd.audio.microphone import Device, Microphone, devices
from kwsd.audio.pcm import PcmSource
from kwsd.audio.source import RATE, Block, Source

__all__ = [
    "RATE",
    "Block",
    "BufferedSource",
    "Device",
    "FileSource",
    "Microphone",
    "PcmSource",
    "Source",
    "audio_files",
    "devices",
    "read",
]
