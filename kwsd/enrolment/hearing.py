"""Recordings to templates: those that can be used, and sentences about the poor ones and about those that cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kwsd.enrolment.agreement import agreed
from kwsd.enrolment.quality import faults
from kwsd.enrolment.template import Recording, Take, take_of
from kwsd.errors import AudioError
from kwsd.keywords.keyword import Template
from kwsd.second_look.look import SecondLook
from kwsd.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class Heard:
    """What came of recordings.

    Attributes:
        templates: the known ones first.
        poor: a sentence for each fault of a recording that is used all the same.
        refused: a sentence for each recording that is not used.
    """

    templates: list[Template]
    poor: list[str]
    refused: list[str]


def hear(
    recordings: Sequence[Path | Recording],
    tokenizer: Tokenizer,
    known: Sequence[Template] = (),
    alike: Sequence[Template] = (),
    *,
    keep_audio: bool = False,
    second_look: SecondLook | None = None,
    words: str = "",
) -> Heard:
    """Templates of recordings that hold one phrase each.

    Args:
        recordings: files, or samples in memory.
        tokenizer: is reset.
        known: templates of the same phrase.
        alike: templates of a phrase that sounds alike; like the known ones, they show where in a recording it is said.
        keep_audio: store the recordings in the templates.
        second_look: hears the phrase once more, for `Template.look`.
        words: that it compares; empty for none.
    """
    takes, refused = _takes(recordings, tokenizer)
    heard = Heard(list(known), [], refused)
    for take, reading in zip(takes, agreed(takes, (*known, *alike)), strict=True):
        template = take.template(reading, keep_audio=keep_audio, second_look=second_look, words=words)
        same = [t.recording for t in heard.templates if np.array_equal(t.frames.vectors, template.frames.vectors)]
        if same:
            heard.refused.append(
                f"{template.recording} is not used: it is the same recording as {same[0]}: say the phrase again"
            )
            continue
        heard.templates.append(template)
        heard.poor.extend(f"{template.recording} {fault}" for fault in faults(take.recording.samples, reading.pieces))
    return heard


def _takes(recordings: Sequence[Path | Recording], tokenizer: Tokenizer) -> tuple[list[Take], list[str]]:
    """The recordings that can be used, and a sentence for each that cannot."""
    takes, refused = [], []
    for recording in recordings:
        try:
            takes.append(take_of(recording, tokenizer))
        except AudioError as error:
            refused.append(f"{recording.name} is not used: {error}")
    return takes, refused
