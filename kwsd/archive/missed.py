"""A phrase that was said and not heard: its place in the log of the stream becomes a template of the keyword."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kwsd.archive.archive import Archive
from kwsd.archive.segments.decoded import decoded
from kwsd.enrolment.enroll import Enrolment, add_template
from kwsd.enrolment.false_alarms import false_alarm_model
from kwsd.enrolment.template import CONTEXT
from kwsd.errors import ArchiveError, KeywordError
from kwsd.keywords.keyword import Keyword, Template
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import MERGED
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

WITHIN = 5.0  # s before and after the given moment in which the phrase is looked for
BY_CHANCE = 0.05  # places that other speech of this length may be expected to have as near as the phrase, at most
NOT_ENOUGH = ("levenshtein",)  # scorers whose templates are tokens, which a log does not keep


@dataclass(frozen=True)
class _Place:
    """Where in some frames a keyword is nearest, in seconds."""

    frames: Frames
    distance: float
    start: float
    end: float


def learn_missed(
    keyword: Keyword, archive: Archive, moment: float, tokenizer: Tokenizer, bank: Bank | None = None
) -> Enrolment:
    """The keyword with a template of what the log heard nearest to it around a moment; not stored yet.

    Args:
        keyword: the keyword that was said and not detected.
        archive: the log of `kwsd listen --log`.
        moment: Unix time in seconds at which it was said, known to WITHIN seconds.
        tokenizer: of the keyword's model; it is reset.
        bank: background speech as frames of this tokenizer; the shipped bank if None.

    Raises:
        ArchiveError: the log does not have this moment.
        KeywordError: the keyword is detected there, nothing there is like it, or its scorer needs more than a log has.
    """
    if keyword.scorer in NOT_ENOUGH:
        raise KeywordError(f'"{keyword.name}" is spotted by its tokens, which a log does not keep: enroll a recording')
    bank = bank or Bank.shipped()
    stretches = list(_around(archive, moment, tokenizer))
    if not stretches:
        raise ArchiveError(_absence(archive, moment))
    place = min((_nearest(keyword, frames, tokenizer) for frames in stretches), key=lambda one: one.distance)
    _check(keyword, place, tokenizer, bank)
    heard = place.frames.between(place.start - CONTEXT, place.end + CONTEXT)
    name = f"missed at {datetime.fromtimestamp(moment).astimezone():%Y-%m-%d %H:%M:%S}"
    return add_template(keyword, Template(name, heard, place.start, place.end), tokenizer, bank)


def _around(archive: Archive, moment: float, tokenizer: Tokenizer) -> Iterator[Frames]:
    """What each document of the log has near a moment, in seconds from the first thing that is looked at."""
    step, reach = MERGED * tokenizer.hop, WITHIN + CONTEXT
    for segment in archive.segments:
        for index in np.flatnonzero(segment.alive).tolist():
            document = segment.documents[index]
            if document.began <= moment <= document.began + document.seconds:
                middle = document.began + document.origin - (moment - reach)
                first = max(0, round(-middle / step))
                codes, last = segment.part(index), first + round(2 * reach / step)
                yield decoded(codes, middle + first * step, tokenizer.hop, tokenizer.codebook, first, last)


def _absence(archive: Archive, moment: float) -> str:
    """Why the log does not have a moment."""
    documents = [one for segment in archive.segments for one in segment.documents]
    ends = [one.began + one.seconds for one in documents if not np.isnan(one.began)]
    where = f"the log {archive.folder.name} does not have {_clock(moment)}"
    if not ends:
        return f"{where}: nothing that was heard live is in it"
    if moment > max(ends):
        return (
            f"{where}, it ends at {_clock(max(ends))}: a listening kwsd writes it every ten minutes and when it ends, "
            "ask again then"
        )
    return f"{where}: kwsd was not listening then, or what it heard was dropped since"


def _clock(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def _nearest(keyword: Keyword, frames: Frames, tokenizer: Tokenizer) -> _Place:
    scorer = KeywordScorer(keyword.scorer, [keyword], tokenizer.hop, tokenizer.codebook)
    track = scorer.push(frames)
    best = int(track.distance[:, 0].argmin())
    return _Place(frames, float(track.distance[best, 0]), float(track.start[best, 0]), float(track.end[best, 0]))


def _check(keyword: Keyword, place: _Place, tokenizer: Tokenizer, bank: Bank) -> None:
    if place.distance <= keyword.threshold:
        perhaps = ", or enroll a recording of it if its second look refused it" if keyword.looks else ""
        raise KeywordError(f'"{keyword.name}" is detected there with its threshold: give another time{perhaps}')
    model = false_alarm_model(keyword, bank, tokenizer)
    by_chance = (
        model.alarms_per_hour(place.distance) / model.confirmed * 2 * WITHIN / 3600
    )  # no second look hears a log
    if not by_chance < BY_CHANCE:
        raise KeywordError(
            f'nothing like "{keyword.name}" was heard within {WITHIN:.0f} s of that time, the nearest is at '
            f"{place.distance:.3f} and its threshold {keyword.threshold:.3f}: give another time, or enroll a recording"
        )
