"""A keyword: its templates, and the distance threshold up to which speech is detected as the keyword."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import KeywordError
from kwsd.second_look.distance import REACH, Behind, Look
from kwsd.tokenizer.frames import Frames

LONGEST_NAME = 60  # characters; as UTF-8 with a suffix it still fits a file name


@dataclass(frozen=True)
class Template:
    """The frames of one recording of the phrase.

    Attributes:
        recording: the file's name, for reports.
        heard: the frames of the phrase and of a second before and after it, timed from the start of the recording.
        start, end: seconds in the recording at which the phrase starts and ends.
        audio: the recording as FLAC, None if the audio was not kept.
        offset, scale: its calibrated distance is (distance - offset) / scale, see `kwsd.enrolment.calibration`.
        weight: how much its distance counts in the keyword's, above 0 and up to 1, see `kwsd.enrolment.weights`.
        narrow: whether the recording has the band of a telephone, with no sound above 4.3 kHz.
        said: the synthetic voice that said the phrase; empty for a recording of a person.
        look: the [n, m] vectors of the phrase by the second look, in each condition; empty without a second look.
        behind: how far the keyword's words are behind what is likeliest said in each condition, likewise.
    """

    recording: str
    heard: Frames
    start: float
    end: float
    audio: bytes | None = None
    offset: float = 0.0
    scale: float = 1.0
    weight: float = 1.0
    narrow: bool = False
    said: str = ""
    look: Look = ()
    behind: Behind = ()

    @property
    def frames(self) -> Frames:
        """The T frames of the phrase."""
        return self.heard.between(self.start, self.end)

    @property
    def seconds(self) -> float:
        """Length of the phrase in seconds."""
        return self.end - self.start


@dataclass(frozen=True)
class Contrast:
    """A text as synthetic voices say it, to tell the phrase from what sounds alike, see `kwsd.spotting.contrast`.

    Attributes:
        text: what is said.
        voices: who says it.
        spoken: the [T, m] vectors of each voice.
    """

    text: str
    voices: tuple[str, ...]
    spoken: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True)
class Keyword:
    """A phrase that can be spotted.

    Attributes:
        name: the name in detections, events and the store.
        templates: one for each recording, at least one.
        threshold: the largest distance that is a detection, on the scale of `scorer`.
        scorer: one of `kwsd.spotting.matching.SCORERS`.
        model: digest of the tokenizer that made the templates.
        rule: a description of how the threshold was set.
        negatives: templates of what sounds like the keyword and is something else; it is not detected where one of
            them is nearer than the nearest `templates`.
        contrasts: the phrase, and then what sounds alike, by the same synthetic voices; none, or two or more.
        second_model: digest of the second look that templates have; empty if none has one.
        reach: how far a detection may be by the second look, see `kwsd.second_look.distance`.
        words: what the second look expects to be said; empty if it compares no words.
        confirmed: share of false alarms that the second look confirms; 0 for what is usual.
    """

    name: str
    templates: tuple[Template, ...]
    threshold: float
    scorer: str
    model: str
    rule: str
    negatives: tuple[Template, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    second_model: str = ""
    reach: float = REACH["usual"]
    words: str = ""
    confirmed: float = 0.0

    @property
    def looks(self) -> tuple[Look, ...]:
        """The recordings as the second look hears them; empty if the keyword was enrolled without one."""
        return tuple(template.look for template in self.templates if template.look)

    @property
    def behind(self) -> tuple[Behind, ...]:
        """How far its words are behind in each recording by the second look; empty if it was enrolled without one."""
        return tuple(template.behind for template in self.templates if template.behind)

    @property
    def narrow(self) -> bool:
        """Whether half of the recordings or more have the band of a telephone."""
        return 2 * sum(template.narrow for template in self.templates) >= len(self.templates)


def check_name(name: str) -> str:
    """The name in normal form: Unicode NFC, without spaces at its ends.

    Raises:
        KeywordError: the name is empty, too long, or holds characters that a file name or a topic cannot hold.
    """
    normal = unicodedata.normalize("NFC", name).strip()
    if not normal:
        raise KeywordError("a keyword's name must not be empty: give it the words that are spoken")
    if len(normal) > LONGEST_NAME:
        raise KeywordError(
            f"a keyword's name has at most {LONGEST_NAME} characters, this one has {len(normal)}: give it a shorter one"
        )
    for character in normal:
        if character in "/\\" or not character.isprintable():
            raise KeywordError(
                f"a keyword's name cannot hold {character!r}: use letters, digits, spaces and simple punctuation"
            )
    if normal.startswith("."):
        raise KeywordError("a keyword's name cannot start with a full stop: begin with a letter")
    return normal
