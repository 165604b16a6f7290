"""Learning the threshold of a keyword anew, from what was heard at the place where kwsd listens."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.files import FileSource
from kwsd.audio.opening import is_read_once, shown
from kwsd.enrolment.false_alarms import (
    CONFIRMED,
    SEPARATION,
    TAIL,
    FalseAlarmModel,
    false_alarm_model,
    lowest_places,
    said_count,
)
from kwsd.enrolment.heard_again import HeardAgain, Span, heard_again
from kwsd.enrolment.miss_rate import Misses, misses
from kwsd.enrolment.outliers import detected, leave_one_out, of_people, unconfirmed
from kwsd.enrolment.threshold import Rule
from kwsd.errors import AudioError, KeywordError
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.score_track import KeywordScorer, ScoreTrack
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

SHORTEST = 0.25  # hours; from less background a rate of one alarm in hours cannot be told
AGAIN = 12  # passages, the nearest, that a second look hears again, at least
TOO_SHORT = "the background lasts {:.0f} minutes: give at least {:.0f} of what is heard when the keyword is not said"


@dataclass(frozen=True)
class Heard:
    """What was heard at a place, in one stream.

    Attributes:
        name: of the recording.
        frames: consecutive runs of frames, at least one, timed from its start.
        scale, shift: distance x scale + shift is that of live audio, where the frames are less exact.
        path: the file that a second look can hear again; None where there is none.
    """

    name: str
    frames: Iterable[Frames]
    scale: float = 1.0
    shift: float = 0.0
    path: Path | None = None


@dataclass(frozen=True)
class Passage:
    """A place in the background that sounds like the keyword.

    Attributes:
        recording: its name.
        start, end: seconds.
        distance: from the keyword.
    """

    recording: str
    start: float
    end: float
    distance: float


@dataclass(frozen=True)
class Recalibration:
    """A keyword with a threshold that was learned at its place.

    Attributes:
        keyword: with the new threshold, not stored yet.
        before: the threshold before.
        hours: length of the background.
        said: passages in which the keyword itself seems to be said, which were left out.
        alarms: false alarms in the background at the threshold before and at the new one.
        misses: expected at the threshold before and at the new one; None for a single recording,
            and for synthetic voices alone.
        false_alarms_per_hour: expected at the new threshold.
        capped: whether the background is so unlike the keyword that the bank of background speech set the threshold.
        again: what the second look of the keyword makes of the nearest passages; None if it has none.
    """

    keyword: Keyword
    before: float
    hours: float
    said: tuple[Passage, ...]
    alarms: tuple[int, int]
    misses: tuple[Misses, Misses] | None
    false_alarms_per_hour: float
    capped: bool
    again: HeardAgain | None


@dataclass(frozen=True)
class _Minima:
    """The local minima [n] of the distance to what was heard, the lowest first.

    Attributes:
        heard: all backgrounds.
        which: [n] the number of the background of each.
        distance: [n] of each.
        start, end: [n] seconds.
    """

    heard: Sequence[Heard]
    which: NDArray[np.intp]
    distance: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]

    def part(self, chosen: slice) -> _Minima:
        """Some of them."""
        distance, start, end = (one[chosen] for one in (self.distance, self.start, self.end))
        return _Minima(self.heard, self.which[chosen], distance, start, end)

    def passages(self) -> tuple[Passage, ...]:
        """All of them, in the order in which they were heard."""
        order = np.lexsort((self.start, self.which)).tolist()
        return tuple(
            Passage(self.heard[self.which[i]].name, *(float(a[i]) for a in (self.start, self.end, self.distance)))
            for i in order
        )


def heard_in_file(path: Path, tokenizer: Tokenizer, report: Callable[[str], None]) -> Heard:
    """What is heard in an audio file, in memory that does not depend on its length.

    Args:
        path: of the file.
        tokenizer: is reset when the frames are read.
        report: gets a sentence if the file, or its end, cannot be used.
    """
    again = None if is_read_once(path) else path
    return Heard(shown(path), _frames_of(path, tokenizer, report), path=again)


def _frames_of(path: Path, tokenizer: Tokenizer, report: Callable[[str], None]) -> Iterator[Frames]:
    tokenizer.reset()
    yield Frames.none(tokenizer.codebook.centroids.shape[1])
    try:
        source = FileSource(path)
        for block in source.blocks():
            yield tokenizer.push(block.samples)
        yield tokenizer.flush()
        if source.damage:
            report(source.damage)
    except AudioError as error:
        report(str(error))


def recalibrated(
    keyword: Keyword,
    background: Iterable[Heard],
    tokenizer: Tokenizer,
    *,
    bank: Bank,
    rule: Rule,
    never_said: bool = False,
) -> Recalibration:
    """The keyword with the threshold that keeps a promise of false alarms at its place.

    The threshold is not higher than some kind of speech in the bank allows, so that hours of silence do not make a
    keyword that answers to any speech. Where a passage is as near to the keyword as half of its recordings are to the
    others, the keyword is taken to be said in the background; then all passages as near as the farthest recording are
    left out.

    Args:
        keyword: its recordings stay as they are.
        background: is read once.
        tokenizer: of the keyword's model.
        bank: background speech.
        rule: "background", with its rate of false alarms.
        never_said: the keyword is known not to be said in the background: nothing is left out.

    Raises:
        KeywordError: the background is too short.
        ModelError: the bank was made with another model, or is too short.
    """
    bank.check_model(tokenizer.digest)
    hits = leave_one_out(keyword, tokenizer)
    found, hours = _minima(keyword, background, tokenizer)
    if hours < SHORTEST:
        raise KeywordError(TOO_SHORT.format(hours * 60, SHORTEST * 60))
    count = 0 if never_said else said_count(found.distance, hits)
    own = found.distance[count:]
    anywhere = false_alarm_model(keyword, bank, tokenizer)
    here = FalseAlarmModel(own, hours) if len(own) > TAIL else None
    wanted = max(AGAIN, math.ceil(rule.alarms_per_hour * hours / anywhere.confirmed))
    again = _heard_again(keyword, found.part(slice(count, count + wanted)), tokenizer.hop) if keyword.looks else None
    confirmed = min(CONFIRMED, again.confirmed(anywhere.confirmed)) if again else 1.0
    most = anywhere.laxest(rule.alarms_per_hour)
    value = min(most, here.threshold(rule.alarms_per_hour / confirmed)) if here else most
    promise = f"{rule.alarms_per_hour:g} false alarms an hour promised, learned from {hours:.2f} h heard at its place"
    people = of_people(keyword, detected(hits, unconfirmed(keyword)))
    before, after = (misses(people, limit, anywhere.deviation) for limit in (keyword.threshold, value))
    return Recalibration(
        replace(keyword, threshold=value, rule=promise),
        keyword.threshold,
        hours,
        found.part(slice(count)).passages(),
        (int((own <= keyword.threshold).sum()), int((own <= value).sum())),
        (before, after) if before and after else None,
        here.alarms_per_hour(value) * confirmed if here else 0.0,
        value == most,
        again,
    )


def _heard_again(keyword: Keyword, nearest: _Minima, hop: float) -> HeardAgain:
    spans: defaultdict[Path, list[Span]] = defaultdict(list)
    for which, start, end in zip(nearest.which, nearest.start, nearest.end, strict=True):
        path = nearest.heard[which].path
        if path is not None:
            spans[path].append((float(start), float(end) + hop / 2))
    return heard_again(keyword, spans)


def _minima(keyword: Keyword, background: Iterable[Heard], tokenizer: Tokenizer) -> tuple[_Minima, float]:
    """The minima of the distance, and the hours of the background."""
    scorer = KeywordScorer(keyword.scorer, [keyword], tokenizer.hop, tokenizer.codebook)
    every, found, frames = [], [np.zeros((4, 0))], 0
    for number, heard in enumerate(background):
        track = _tracked(scorer, heard)
        places = lowest_places(track.distance[:, 0], round(SEPARATION / tokenizer.hop))
        parts = (part[places, 0] for part in (track.distance, track.start, track.end))
        found.append(np.stack([np.full(len(places), float(number)), *parts]))
        frames += len(track.time)
        every.append(replace(heard, frames=()))
    which, distance, start, end = np.hstack(found)
    order = np.argsort(distance, kind="stable")
    minima = _Minima(every, which[order].astype(np.intp), distance[order], start[order], end[order])
    return minima, frames * tokenizer.hop / 3600


def _tracked(scorer: KeywordScorer, heard: Heard) -> ScoreTrack:
    scorer.reset()
    parts = [scorer.push(frames) for frames in heard.frames]
    time, distance, start, end = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("time", "distance", "start", "end")
    )
    return ScoreTrack(time, distance * heard.scale + heard.shift, start, end)
