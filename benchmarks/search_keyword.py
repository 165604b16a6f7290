"""What confirmed hits bring a keyword: `python -m benchmarks.search_keyword`.

Words of LibriSpeech `dev` that are said in several recordings. A recording of one is searched for in an index of all;
a simulated user goes through the hits until three are right. Keywords are made of the recording alone, and of it and
these hits. They are spotted in all of `dev`: a miss is a place at which the word is said, other than those that any
keyword was made of, with a distance above the highest threshold that gives no more than so many alarms elsewhere. What
the second look of a keyword refuses is a miss where the word is said, and no alarm elsewhere.
"""

from __future__ import annotations

import itertools
import tempfile
from bisect import bisect
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import numpy as np
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.measures import Scores, averaged
from benchmarks.product import Product, command
from benchmarks.tables import table
from export.search_calibration import built
from export.spoken_queries import Said, Templates, aligned
from kwsd.archive import Feedback, Settings
from kwsd.archive.confirmed import keyword_of, recording_of
from kwsd.archive.search.hit import Hit
from kwsd.archive.search.methods import find
from kwsd.enrolment.enroll import enroll
from kwsd.enrolment.threshold import ALARMS
from kwsd.keywords.keyword import Keyword
from kwsd.second_look.distance import REACH
from kwsd.spotting.score_track import ScoreTrack
from kwsd.spotting.second_look import phrase_of
from kwsd.tokenizer.frames import Frames

CONFIRMED = 3
HEARD = 20  # hits that the user listens to, at most
TESTED = 3  # places at least at which the word is said besides
QUERIES = 1200  # drawn, of which most words are said too seldom
REFRACTORY = 2.0  # s
LATE = 0.3  # s after the word in which its distance still falls
AROUND = 1.0  # s beside a word that are no alarm
MORE = 4.0  # alarms an hour
SHORTEST = 0.25  # s of a hit that is judged
BEYOND = 1.5  # times its threshold up to which a keyword's alarms are looked for
HEADER = ("keyword of", "misses at 0 alarms %", "at 1 %", "at its own threshold %", "alarms an hour then")


@dataclass(frozen=True)
class Stream:
    """Recordings one after another.

    Attributes:
        frames: of all.
        first: by path, the index of the first frame.
        hop: seconds between frames.
    """

    frames: Frames
    first: Mapping[Path, int]
    hop: float

    @classmethod
    def of(cls, templates: Templates, clips: Sequence[corpora.Clip], hop: float) -> Stream:
        """The stream of these clips."""
        parts = [templates.frames(clip.path) for clip in clips]
        lengths = [len(part) for part in parts]
        firsts = dict(zip((clip.path for clip in clips), itertools.accumulate([0, *lengths]), strict=False))
        return cls(Frames.join(parts), firsts, hop)

    def heard_at(self, track: ScoreTrack, row: int) -> Hit:
        """What a detection at a frame would be, in its recording."""
        number = bisect(self._firsts, row) - 1
        start, end = float(track.start[row, 0]), float(track.end[row, 0]) + self.hop / 2
        begin = start if start < end else 0.0  # the alignment may begin in the recording before
        late = -float(self.frames.time[0])
        if number and begin > (row - self._firsts[number]) * self.hop + late:  # it lies in the recording before
            number -= 1
        return Hit(str(self._paths[number]), max(0.0, begin), max(0.0, end), 1.0)

    @cached_property
    def _paths(self) -> list[Path]:
        return sorted(self.first, key=lambda path: self.first[path])

    @cached_property
    def _firsts(self) -> list[int]:
        return [self.first[path] for path in self._paths]

    def rows(self, said: Said, around: float = 0.0) -> slice:
        """The frames of a word, a little after it, and so many seconds around that."""
        begin, late = self.first[said.path], -float(self.frames.time[0])
        first, last = said.start + late - around, said.end + late + LATE + around
        return slice(max(0, begin + int(first / self.hop)), begin + int(last / self.hop) + 1)


@dataclass(frozen=True)
class Spotted:
    """What a keyword did in the stream.

    Attributes:
        words: [n] the lowest distance at each of the tested words.
        alarms: the distances of the nearest other places, ascending, no two within REFRACTORY; as many as there are
            below the keyword's threshold, and two at least, which are infinite where there are none up to BEYOND.
        threshold: of the keyword.
        hours: of the stream.
    """

    words: Scores
    alarms: Sequence[float]
    threshold: float
    hours: float

    @classmethod
    def of(
        cls, keyword: Keyword, product: Product, stream: Stream, tested: Sequence[Said], said: Sequence[Said]
    ) -> Spotted:
        """Spot a keyword, with the words that are tested and all places at which it is said."""
        track = product.scores([keyword]).push(stream.frames)
        near = track.distance[:, 0]

        def nearest(rows: slice) -> float:
            at = rows.start + int(near[rows].argmin())
            return np.inf if _refuses(keyword, stream.heard_at(track, at)) else float(near[at])

        words = np.array([nearest(stream.rows(one)) for one in tested])
        for one in said:
            near[stream.rows(one, AROUND)] = np.inf
        alarms, apart = list[float](), int(REFRACTORY / stream.hop)
        while len(alarms) < 2 or alarms[-1] <= keyword.threshold:
            at = int(near.argmin())
            if near[at] > BEYOND * keyword.threshold:
                alarms.append(np.inf)
            elif not _refuses(keyword, stream.heard_at(track, at)):
                alarms.append(float(near[at]))
            near[max(0, at - apart) : at + apart] = np.inf
        return cls(words, alarms, keyword.threshold, len(near) * stream.hop / 3600)

    @property
    def figures(self) -> tuple[float, float, float, float]:
        """Misses in percent at 0 and at 1 alarms and at the learned threshold, and alarms an hour there."""
        misses = [100 * float(np.mean(self.words >= self.alarms[alarms])) for alarms in (0, 1)]
        own = 100 * float(np.mean(self.words > self.threshold))
        return misses[0], misses[1], own, sum(one <= self.threshold for one in self.alarms) / self.hours


def _refuses(keyword: Keyword, hit: Hit) -> bool:
    """Whether the second look of a keyword refuses a detection; without one nothing is refused."""
    if not keyword.looks:
        return False
    heard = recording_of(hit)
    assert heard.span is not None
    return phrase_of(keyword).far(heard.samples, *heard.span, keyword.reach) > keyword.reach


def judge(hits: Sequence[Hit], said: Sequence[Said]) -> tuple[Feedback, list[Said]]:
    """What a user says of the hits until three are right, and which of the words these are."""
    right, wrong, found = list[Hit](), list[Hit](), list[Said]()
    for hit in [hit for hit in hits if hit.end - hit.start > SHORTEST][:HEARD]:
        if len(right) == CONFIRMED:
            break
        match = next((one for one in said if one.is_at(Path(hit.path), hit.start, hit.end)), None)
        if match is None:
            wrong.append(hit)
        elif match not in found:
            right.append(hit)
            found.append(match)
    return Feedback(tuple(right), tuple(wrong)), found


def keywords(product: Product, one: Said, feedback: Feedback) -> dict[str, Keyword]:
    """The keywords to compare."""
    recording, right = recording_of(Hit(str(one.path), one.start, one.end, 1.0)), Feedback(feedback.right)

    def made(judged: Feedback, alarms: float = ALARMS, again: bool = False) -> Keyword:
        tokenizer = product.tokenizer
        return keyword_of(one.label, [recording], judged, tokenizer, second_look=again, alarms_per_hour=alarms).keyword

    with patch("kwsd.archive.confirmed.recording_of", lambda hit: replace(recording_of(hit), span=None)):
        trimmed = made(right)
    usual = enroll(
        one.label, [recording, *map(recording_of, right.right)], product.tokenizer, reach=REACH["usual"]
    ).keyword
    return {
        "the recording": made(Feedback()),
        f"the recording and {CONFIRMED} right hits": made(right),
        "and the wrong hits before them as negatives": made(feedback),
        f"the recording and {CONFIRMED} right hits, the phrase in them looked for": trimmed,
        f"the recording and {CONFIRMED} right hits, {MORE:g} alarms an hour promised": made(right, MORE),
        f"the recording and {CONFIRMED} right hits, as `kwsd enroll --second-look usual` has them": usual,
        f"the recording and {CONFIRMED} right hits, saved with a second look": made(right, again=True),
    }


@command(__doc__)
def main(product: Product) -> dict[str, Any]:
    """Misses at 0 and 1 alarms, and at the learned threshold with its alarms an hour; words resampled."""
    tokenizer = product.tokenizer
    clips, words, _ = aligned(product.protocol.shared, corpora.default_cache(), ("dev",))
    templates, speakers = Templates(tokenizer), {clip.speaker for clip in clips}
    stream = Stream.of(templates, clips, tokenizer.hop)
    often = {label for label, said in words.said.items() if len(said) > CONFIRMED + TESTED}
    asked = {one.label: one for (one,) in words.queries(QUERIES, speakers) if one.label in often}
    found: defaultdict[str, list[tuple[float, ...]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        segment = built(Path(folder), 0, clips, templates, tokenizer, Settings())
    for one in tqdm(asked.values(), leave=False):
        others = [said for said in words.said[one.label] if said != one]
        hits = find([segment], templates.query([one]), tokenizer.codebook, tokenizer.hop, top=HEARD + 1).hits
        feedback, right = judge([hit for hit in hits if not one.is_at(Path(hit.path), hit.start, hit.end)], others)
        tested = [said for said in others if said not in right]
        if len(right) == CONFIRMED and len(tested) >= TESTED:
            for name, keyword in keywords(product, one, feedback).items():
                found[name].append(Spotted.of(keyword, product, stream, tested, words.said[one.label]).figures)
    lines = [
        [name, *(averaged([value] for value in column) for column in zip(*figures, strict=True))]
        for name, figures in found.items()
    ]
    click.echo(f"\n{len(next(iter(found.values())))} words, {sum(clip.seconds for clip in clips) / 3600:.1f} h.\n")
    click.echo(table(HEADER, lines))
    return dict(found)


if __name__ == "__main__":
    main()
