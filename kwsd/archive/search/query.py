"""A query: the templates of a phrase, at the rate of an archive's codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.search.hit import Hit
from kwsd.archive.segments.posting_lists import GAP
from kwsd.enrolment.agreement import agreed
from kwsd.enrolment.template import Recording, Take, take_of
from kwsd.errors import ArchiveError, AudioError
from kwsd.keywords.keyword import Keyword, Template
from kwsd.second_look.decoder import plain
from kwsd.second_look.distance import Behind, Look
from kwsd.second_look.look import SecondLook
from kwsd.tokenizer.codebook import merged
from kwsd.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class Query:
    """A phrase to search for.

    Attributes:
        name: of the phrase, for messages.
        model: digest of the tokenizer's model.
        templates: for each recording unit vectors [n, m] float32, 12.5 a second.
        negatives: the same of what sounds like the phrase and is something else.
        rejected: hits that are not to be found again.
        looks: the recordings as the second look hears them; empty without one.
        behind: how far the words are behind in each, see `Decoder`; empty if none are known.
        words: of the phrase; empty if they are not known.
    """

    name: str
    model: str
    templates: tuple[NDArray[np.float32], ...]
    negatives: tuple[NDArray[np.float32], ...] = ()
    rejected: tuple[Hit, ...] = ()
    looks: tuple[Look, ...] = ()
    behind: tuple[Behind, ...] = ()
    words: str = ""

    @classmethod
    def of_keyword(cls, keyword: Keyword) -> Query:
        """The query of an enrolled keyword; ArchiveError if one of its templates is too short."""
        return cls._of(f'"{keyword.name}"', keyword.model, keyword.templates, keyword.words)

    @classmethod
    def of_recordings(
        cls,
        recordings: Sequence[Path | Recording],
        tokenizer: Tokenizer,
        second_look: SecondLook | None = None,
        words: str = "",
    ) -> Query:
        """The query of recordings, files or samples in memory, that hold the phrase once each.

        Args:
            recordings: at least one.
            tokenizer: is reset.
            second_look: hears them once more, for `looks`.
            words: of the phrase, if they are known.

        Raises:
            ArchiveError: no recording is given, or one is unreadable or too short.
        """
        if not recordings:
            raise ArchiveError("there is nothing to search for: name a keyword, or a recording with --wav")
        templates = _templates(recordings, tokenizer, second_look, plain(words))
        return cls._of(_name(recordings[0]), tokenizer.digest, templates, plain(words))

    @classmethod
    def _of(cls, name: str, model: str, templates: Sequence[Template], words: str) -> Query:
        vectors = tuple(merged(template.frames.vectors) for template in templates)
        if min(map(len, vectors), default=0) <= GAP:
            raise ArchiveError(f"{name} is too short to be searched for: say a phrase of a quarter of a second or more")
        looks, behind = (tuple(filter(None, (getattr(one, part) for one in templates))) for part in ("look", "behind"))
        return cls(name, model, vectors, looks=looks, behind=behind, words=words)


def _name(recording: Path | Recording) -> str:
    return recording.name if isinstance(recording, Recording) else str(recording)


def _templates(
    recordings: Sequence[Path | Recording], tokenizer: Tokenizer, second_look: SecondLook | None, words: str
) -> list[Template]:
    takes = [_take(recording, tokenizer) for recording in recordings]
    return [
        take.template(reading, second_look=second_look, words=words)
        for take, reading in zip(takes, agreed(takes), strict=True)
    ]


def _take(recording: Path | Recording, tokenizer: Tokenizer) -> Take:
    try:
        return take_of(recording, tokenizer)
    except AudioError as error:
        raise ArchiveError(f"{_name(recording)} cannot be searched for: {error}") from error
