"""Spot your own phrase, from a handful of recordings, on your own machine.

from pathlib import Path
from kwsd import FileSource, Tokenizer, enroll, scan

tokenizer = Tokenizer()
result = enroll("hey snips", sorted(Path("recordings").glob("*.wav")), tokenizer)
for detection in scan(FileSource("long.wav"), tokenizer, [result.keyword]):
    print(detection.keyword, detection.start, detection.end)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kwsd._version import __version__

if TYPE_CHECKING:
    from kwsd.archive import Archive, Hit
    from kwsd.audio.files import FileSource
    from kwsd.audio.microphone import Microphone
    from kwsd.audio.pcm import PcmSource
    from kwsd.enrolment.enroll import Enrolment, enroll
    from kwsd.enrolment.template import Recording
    from kwsd.errors import KwsdError
    from kwsd.keywords.keyword import Keyword, Template
    from kwsd.keywords.store import Store
    from kwsd.spotting.detection import Detection
    from kwsd.spotting.scan import scan
    from kwsd.spotting.spotter import Spotter
    from kwsd.tokenizer.frames import Frames
    from kwsd.tokenizer.tokenizer import Tokenizer

__all__ = [
    "Archive",
    "Detection",
    "Enrolment",
    "FileSource",
    "Frames",
    "Hit",
    "Keyword",
    "KwsdError",
    "Microphone",
    "PcmSource",
    "Recording",
    "Spotter",
    "Store",
    "Template",
    "Tokenizer",
    "__version__",
    "enroll",
    "scan",
]

_MODULES = {
    "archive": ("Archive", "Hit"),
    "audio.files": ("FileSource",),
    "audio.microphone": ("Microphone",),
    "audio.pcm": ("PcmSource",),
    "enrolment.enroll": ("Enrolment", "enroll"),
    "enrolment.template": ("Recording",),
    "errors": ("KwsdError",),
    "keywords.keyword": ("Keyword", "Template"),
    "keywords.store": ("Store",),
    "spotting.detection": ("Detection",),
    "spotting.scan": ("scan",),
    "spotting.spotter": ("Spotter",),
    "tokenizer.frames": ("Frames",),
    "tokenizer.tokenizer": ("Tokenizer",),
}


def __getattr__(name: str) -> Any:
    """Import the module of a public name at its first use, so that `kwsd --help` does not load the model runtime."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"kwsd.{module}"), name)
    raise AttributeError(f"module 'kwsd' has no attribute {name!r}")
