"""Makes keywords stricter while kwsd listens, where they are detected more often than promised.

Nobody says which detections are false alarms. So what is as near to a keyword as its recordings are to each other is
taken for the keyword: it is not counted, and the threshold is never lowered so far that it would be lost. Only what
lies between that and the enrolled threshold counts as alarms, over the last WINDOW hours, but for what a second look or
a text that sounds alike refuses. When these are more than promised, the threshold goes down to where they are not; when
they become fewer, it goes back, never beyond the enrolled one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from kwsd.enrolment.false_alarms import SEPARATION
from kwsd.enrolment.outliers import leave_one_out, of_people
from kwsd.errors import StoreError
from kwsd.keywords import experience
from kwsd.keywords.experience import Experience
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.detection import Detection, Refuses, nothing
from kwsd.spotting.score_track import ScoreTrack
from kwsd.tokenizer.tokenizer import Tokenizer

WINDOW = 48.0  # hours of listening that count
SPARE = 1  # alarms beyond the promised ones that are no reason yet to be stricter
KEPT = 500  # times that are kept of each keyword, the newest
LEARNED_AFTER = 10.0  # seconds of listening between two looks at what was heard
SAVED_AFTER = 600.0  # seconds of listening between two writes


@dataclass(frozen=True)
class Change:
    """A threshold that was changed.

    Attributes:
        keyword: its name.
        before, after: thresholds.
        alarms: heard within the last hours.
        hours: how many of them, at most WINDOW.
    """

    keyword: str
    before: float
    after: float
    alarms: int
    hours: float

    def __str__(self) -> str:
        how = "stricter" if self.after < self.before else "less strict"
        return (
            f'"{self.keyword}" is {how}, its threshold is {self.after:.3f} and was {self.before:.3f}: '
            f"{self.alarms} likely false alarms in {self.hours:.1f} h of listening"
        )


@dataclass
class _Learner:
    """One keyword: as it was enrolled, the lowest threshold that it may get, and what was heard of it."""

    enrolled: Keyword
    floor: float
    known: Experience
    threshold: float = field(init=False)
    since: float = -np.inf  # seconds of listening at which the last alarm began
    alarm: Detection | None = None  # its nearest frame so far, while it goes on

    def __post_init__(self) -> None:
        self.threshold = self.enrolled.threshold

    def hear(self, second: float, frame: Detection) -> Detection | None:
        """Note a frame at or under the enrolled threshold, at a second of listening, and return what is over by it."""
        over = self.over(second)
        if self.alarm is None:
            self.since, self.alarm = second, frame
        elif frame.distance < self.alarm.distance:
            self.alarm = frame
        return over

    def over(self, second: float) -> Detection | None:
        """The nearest frame of an alarm that is over at a second of listening, once."""
        if second < self.since + SEPARATION:
            return None
        over, self.alarm = self.alarm, None
        return over

    def count(self, alarm: Detection) -> None:
        """Count an alarm that was heard now."""
        self.known.dips.append((self.known.hours, alarm.distance))
        del self.known.dips[:-KEPT]

    def learn(self, alarms_per_hour: float) -> Change | None:
        """Set the threshold by what was heard within the last WINDOW hours."""
        hours = min(self.known.hours, WINDOW)
        recent = [distance for when, distance in self.known.dips if when >= self.known.hours - WINDOW]
        alarms = sorted(distance for distance in recent if distance > self.floor)
        before, self.threshold = self.threshold, self._kept(alarms, int(alarms_per_hour * hours) + SPARE)
        if self.threshold == before:
            return None
        return Change(self.enrolled.name, before, self.threshold, len(alarms), hours)

    def _kept(self, alarms: Sequence[float], allowed: int) -> float:
        """The highest threshold up to the enrolled one with so many of the alarms [n], ascending."""
        if len(alarms) <= allowed:
            return self.enrolled.threshold
        return max(self.floor, (alarms[allowed - 1] + alarms[allowed]) / 2)


class BackgroundLearner:
    """Follows the distances of keywords in live audio, and raises their strictness where they need it.

    Args:
        folder: where the keywords are stored; what is learned is kept beside them.
        tokenizer: of their model.
        alarms_per_hour: the false alarms that are promised.

    Attributes:
        notify: called with a sentence and whether it is a warning, when what was learned cannot be read or written.
        refuses: whether what was near enough is no detection, asked within seconds of it.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer, alarms_per_hour: float) -> None:
        self.notify: Callable[[str, bool], None] = lambda message, is_warning: None
        self.refuses: Refuses = nothing
        self._folder, self._tokenizer, self._rate = folder, tokenizer, alarms_per_hour
        self._learners: list[_Learner] = []
        self._floors = _Floors(tokenizer)
        self._limits = np.zeros(0)  # [k] the enrolled thresholds
        self._seconds = self._saved = 0.0
        self._learned = -np.inf
        self._failed = False

    def prepare(self, keywords: Sequence[Keyword]) -> None:
        """Compute what `follow` needs of these keywords, which takes a while for many; from any thread."""
        for keyword in keywords:
            self._floors.of(keyword)

    def follow(self, keywords: Sequence[Keyword]) -> None:
        """Follow these keywords from now on, with what was learned about them before."""
        self.save()
        self.prepare(keywords)
        self._learners = [self._learner(keyword) for keyword in keywords]
        self._limits = np.array([keyword.threshold for keyword in keywords])
        self._learned = -np.inf

    def add(self, track: ScoreTrack) -> None:
        """Hear the next part of the score track, whose columns are the keywords in their order."""
        hop = self._tokenizer.hop
        for i, k in np.argwhere(track.distance <= self._limits).tolist():
            learner = self._learners[k]
            start, end, distance = (float(part[i, k]) for part in (track.start, track.end, track.distance))
            frame = Detection(learner.enrolled.name, start, end + hop / 2, distance, learner.enrolled.threshold)
            self._count(k, learner.hear(self._seconds + i * hop, frame))
        seconds = len(track.time) * hop
        self._seconds += seconds
        for k, learner in enumerate(self._learners):
            self._count(k, learner.over(self._seconds))
            learner.known.hours += seconds / 3600

    def _count(self, k: int, alarm: Detection | None) -> None:
        if alarm and not self.refuses(k, alarm):
            self._learners[k].count(alarm)

    def learn(self) -> list[Change]:
        """Set the thresholds by what was heard, at most every LEARNED_AFTER seconds, and return those that changed."""
        if self._seconds < self._learned + LEARNED_AFTER:
            return []
        self._learned = self._seconds
        changes = [change for learner in self._learners if (change := learner.learn(self._rate))]
        if self._seconds >= self._saved + SAVED_AFTER or changes:
            self.save()
        return changes

    @property
    def thresholds(self) -> list[float]:
        """The threshold of each keyword."""
        return [learner.threshold for learner in self._learners]

    def save(self) -> None:
        """Write what was learned beside the keywords; a folder that cannot be written is reported once."""
        self._saved = self._seconds
        try:
            for learner in self._learners:
                experience.save(experience.beside(self._folder, learner.enrolled), learner.known)
        except StoreError as error:
            if not self._failed:
                self.notify(f"{error}; listening goes on, and what is learned is lost at its end", True)
            self._failed = True
        else:
            self._failed = False

    def _learner(self, keyword: Keyword) -> _Learner:
        try:
            known = experience.load(experience.beside(self._folder, keyword), keyword)
        except StoreError as error:
            self.notify(str(error), True)
            known = Experience(experience.digest(keyword))
        return _Learner(keyword, self._floors.of(keyword), known)


class LearnedThresholds:
    """The thresholds that a `BackgroundLearner` in another process has learned.

    Args:
        folder: where the keywords are stored.
        tokenizer: of their model.
        alarms_per_hour: the false alarms that are promised.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer, alarms_per_hour: float) -> None:
        self._folder, self._rate, self._floors = folder, alarms_per_hour, _Floors(tokenizer)

    def apply(self, keyword: Keyword) -> Keyword:
        """The keyword with the threshold that was learned, its own where nothing was.

        Raises:
            StoreError: what was learned cannot be read.
        """
        known = experience.load(experience.beside(self._folder, keyword), keyword)
        if not known.dips:
            return keyword
        learner = _Learner(keyword, self._floors.of(keyword), known)
        learner.learn(self._rate)
        return replace(keyword, threshold=learner.threshold)


class _Floors:
    """The floor of each keyword, computed once, see `floor_of`."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._floors: dict[str, float] = {}

    def of(self, keyword: Keyword) -> float:
        known = experience.digest(keyword)
        if known not in self._floors:
            self._floors[known] = floor_of(keyword, self._tokenizer)
        return self._floors[known]


def floor_of(keyword: Keyword, tokenizer: Tokenizer) -> float:
    """The lowest threshold that a keyword may get: where its recordings, each by the keyword of the others, are found.

    A recording that the enrolled threshold misses cannot be lost. With a single recording, or synthetic voices alone,
    nothing is known, and the enrolled threshold stays.
    """
    found = [d for d in of_people(keyword, leave_one_out(keyword, tokenizer)) if d <= keyword.threshold]
    return max(found, default=keyword.threshold)
