"""Learning from hits: one that was right becomes a template, and one that was wrong becomes a negative."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kwsd.audio.source import RATE, Samples
from kwsd.enrolment.calibration import calibrated
from kwsd.enrolment.enroll import Enrolment, enroll
from kwsd.enrolment.hearing import hear
from kwsd.enrolment.hit import LONGEST, Hit
from kwsd.enrolment.outliers import detected, leave_one_out, unconfirmed
from kwsd.enrolment.template import Recording
from kwsd.errors import KeywordError
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.detection import Detection
from kwsd.spotting.recent import RecentAudio
from kwsd.spotting.score_track import KeywordScorer
from kwsd.spotting.second_look import Confirmation
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

AROUND = (0.3, 0.5)  # s kept before and after the phrase: other words may be farther away
MARGIN = 0.01  # by which the threshold is under the distance of what was wrong, as live distances vary a little
MOST_MISSED = 0.5  # share of the recordings that a lower threshold may miss


@dataclass(frozen=True)
class Correction:
    """A keyword with one more negative.

    Attributes:
        keyword: with the negative, and with a lower threshold where the negative alone does not help; not stored yet.
        before: the threshold before.
        missed: recordings that would be missed, each by the keyword that the others make, before and now.
        recordings: number of recordings.
    """

    keyword: Keyword
    before: float
    missed: tuple[int, int]
    recordings: int


def confirm(keyword: Keyword, name: str, hit: Hit, tokenizer: Tokenizer, bank: Bank | None = None) -> Enrolment:
    """The keyword with the hit as one more template, and a threshold that is learned anew.

    Args:
        keyword: the keyword that was detected, rightly.
        name: of the recording, for reports.
        hit: its audio.
        tokenizer: of the keyword's model; it is reset.
        bank: background speech as frames of this tokenizer; the shipped bank if None.

    Raises:
        KeywordError: there is no speech in the hit that can be used, or the keyword has it already.
    """
    keeps = all(template.audio for template in keyword.templates)
    recording = Recording(name, phrase_of(hit))
    return enroll(
        keyword.name, [recording], tokenizer, scorer=keyword.scorer, adding_to=keyword, keep_audio=keeps, bank=bank
    )


def correct(keyword: Keyword, name: str, hit: Hit, tokenizer: Tokenizer, bank: Bank | None = None) -> Correction:
    """The keyword with the hit as a negative, which is not detected there any more; arguments as in `confirm`.

    Raises:
        KeywordError: the hit is not detected any more, there is no speech in it that can be used, or more than half of
            the recordings would be missed.
    """
    if nearest_distance(keyword, hit, tokenizer) > keyword.threshold or _is_refused(keyword, hit):
        raise KeywordError(f'"{keyword.name}" is not detected in this hit any more: there is nothing to learn')
    made = _stricter(_with_negative(keyword, name, hit, tokenizer, bank or Bank.shipped()), hit, tokenizer)
    doubtful = unconfirmed(keyword)  # negatives change nothing of that
    distances = [detected(leave_one_out(one, tokenizer), doubtful) for one in (keyword, made)]
    missed = [sum(d > one.threshold for d in own) for one, own in zip((keyword, made), distances, strict=True)]
    if missed[1] > max(missed[0], MOST_MISSED * len(keyword.templates)):
        raise KeywordError(
            f'the hit is as near to "{keyword.name}" as its own recordings, of which {missed[1]} of '
            f"{len(keyword.templates)} would be missed: enroll a longer phrase, or more recordings of this one"
        )
    return Correction(made, keyword.threshold, (missed[0], missed[1]), len(keyword.templates))


def _with_negative(keyword: Keyword, name: str, hit: Hit, tokenizer: Tokenizer, bank: Bank) -> Keyword:
    keeps = all(template.audio for template in keyword.templates)
    recording = Recording(name, phrase_of(hit))
    heard = hear([recording], tokenizer, keyword.negatives, keyword.templates, keep_audio=keeps)
    if heard.refused:
        raise KeywordError(heard.refused[0])
    every = calibrated(keyword.templates, keyword.scorer, bank, tokenizer.codebook, heard.templates)
    return replace(keyword, negatives=tuple(every[len(keyword.templates) :]))


def _stricter(keyword: Keyword, hit: Hit, tokenizer: Tokenizer) -> Keyword:
    """The keyword with the highest threshold at which the hit is not detected."""
    nearest = nearest_distance(keyword, hit, tokenizer)
    if nearest > keyword.threshold:
        return keyword
    rule = f"{keyword.rule}; lowered from {keyword.threshold:.3f} because of a false alarm"
    return replace(keyword, threshold=nearest - MARGIN, rule=rule)


def nearest_distance(keyword: Keyword, hit: Hit, tokenizer: Tokenizer) -> float:
    """The lowest distance of the audio of a hit from a keyword."""
    tokenizer.reset()
    frames = Frames.join([tokenizer.push(hit.samples), tokenizer.flush()])
    scorer = KeywordScorer(keyword.scorer, [keyword], tokenizer.hop, tokenizer.codebook)
    return float(scorer.push(frames).distance.min())


def _is_refused(keyword: Keyword, hit: Hit) -> bool:
    """Whether the keyword has a second look, which it may have got since, and that refuses the hit."""
    audio = RecentAudio(0.0, LONGEST)
    audio.push(hit.samples)
    found = Detection(keyword.name, hit.start, hit.end, hit.distance, keyword.threshold)
    return Confirmation([keyword], audio.between).refuses(0, found)


def phrase_of(hit: Hit) -> Samples:
    """The audio of the phrase alone, [n] float32 at 16 kHz, with little before and after it."""
    before, after = AROUND
    first, last = round((hit.start - before) * RATE), round((hit.end + after) * RATE)
    return np.ascontiguousarray(hit.samples[max(0, first) : last])
