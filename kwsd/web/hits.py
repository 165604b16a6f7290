"""The detections whose audio `kwsd listen --save-hits` kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kwsd.enrolment.hit import Hit
from kwsd.errors import AudioError, ConfigError

NEWEST = 50  # hits that are shown
PATTERN = "hit-*.flac"


@dataclass(frozen=True)
class HitFacts:
    """A hit.

    Attributes:
        file: its name.
        keyword: what was detected.
        heard: Unix time of the end of the phrase.
        distance, threshold: from the keyword, and of it.
    """

    file: str
    keyword: str
    heard: float
    distance: float
    threshold: float


class Hits:
    """A folder of hits; none without a folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._read: dict[str, HitFacts | None] = {}

    def newest(self) -> list[HitFacts]:
        """The newest hits, the oldest of them first; files that are none are left out."""
        names = [path.name for path in self._paths()[-NEWEST:]]
        self._read = {name: self._read.get(name) or self._facts(name) for name in names}
        return [facts for facts in self._read.values() if facts]

    def path(self, file: str) -> Path:
        """The path of a hit by its name; raises ConfigError if no hit of the folder has that name."""
        found = next((path for path in self._paths() if path.name == file), None)
        if found is None:
            raise ConfigError("that detection is not kept any more: only the newest 1,000 are")
        return found

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob(PATTERN)) if self._folder else []

    def _facts(self, name: str) -> HitFacts | None:
        try:
            hit = Hit.load(self.path(name))
        except (AudioError, ConfigError):
            return None
        return HitFacts(name, hit.keyword, hit.heard, hit.distance, hit.threshold)
