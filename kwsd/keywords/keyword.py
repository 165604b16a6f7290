"""A keyword: its templates, and the threshold under which speech counts as the keyword."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from kwsd.errors import KeywordError
from kwsd.tokenizer.frames import Frames

LONGEST_NAME = 60  # characters; as UTF-8 with a suffix it still fits a file name


@dataclass(frozen=True)
class Template:
    """One recording of the phrase as the tokenizer heard it.

    Attributes:
        recording: the file's name, for reports.
        heard: the frames of the recording, the phrase and a second on both sides; times are those of the recording.
        start, end: seconds within the recording between which the phrase was found.
        audio: the recording itself as FLAC, if it was to be kept.
        offset, scale: what its raw distances are measured from and in, see `kwsd.enrolment.calibration.calibrated`.
    """

    recording: str
    heard: Frames
    start: float
    end: float
    audio: bytes | None = None
    offset: float = 0.0
    scale: float = 1.0

    @property
    def frames(self) -> Frames:
        """The T frames of the phrase alone."""
        return self.heard.between(self.start, self.end)

    @property
    def seconds(self) -> float:
        """Length of the phrase."""
        return self.end - self.start


@dataclass(frozen=True)
class Keyword:
    """A phrase that can be spotted.

    Attributes:
        name: what detections are called.
        templates: one per recording, at least one.
        threshold: the largest distance that is a detection, on the scale of `scorer`.
        scorer: one of `kwsd.spotting.matching.SCORERS`.
        model: digest of the tokenizer that made the templates.
        rule: how the threshold was found, in words.
    """

    name: str
    templates: tuple[Template, ...]
    threshold: float
    scorer: str
    model: str
    rule: str


def check_name(name: str) -> str:
    """The name in its one spelling: Unicode NFC, no space around it.

    Raises:
        KeywordError: the name is empty, too long, or holds characters that a file name or a topic cannot hold.
    """
    tidy = unicodedata.normalize("NFC", name).strip()
    if not tidy:
        raise KeywordError("a keyword's name must not be empty: give it the words that are spoken")
    if len(tidy) > LONGEST_NAME:
        raise KeywordError(
            f"a keyword's name has at most {LONGEST_NAME} characters, this one has {len(tidy)}: give it a shorter one"
        )
    for character in tidy:
        if character in "/\\" or not character.isprintable():
            raise KeywordError(
                f"a keyword's name cannot hold {character!r}: use letters, digits, spaces and simple punctuation"
            )
    if tidy.startswith("."):
        raise KeywordError("a keyword's name cannot start with a full stop: begin with a letter")
    return tidy
