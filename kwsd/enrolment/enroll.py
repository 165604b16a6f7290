"""Enrolment: recordings of a phrase to a keyword with a threshold, and a report on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kwsd.enrolment.agreement import agreed
from kwsd.enrolment.calibration import calibrated
from kwsd.enrolment.confusion import Confusion, confusions
from kwsd.enrolment.false_alarms import false_alarm_model
from kwsd.enrolment.miss_rate import Misses, misses
from kwsd.enrolment.outliers import Match, leave_one_out, matches
from kwsd.enrolment.quality import faults
from kwsd.enrolment.template import Recording, Take, kept_recording, take_of
from kwsd.enrolment.threshold import Rule
from kwsd.enrolment.warnings import warnings
from kwsd.enrolment.weights import weighted
from kwsd.errors import AudioError, KeywordError
from kwsd.keywords.keyword import Keyword, Template, check_name
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer

LEARNED = Rule()


@dataclass(frozen=True)
class Enrolment:
    """An enrolled keyword with its report.

    Attributes:
        keyword: the keyword, not stored yet.
        matches: the distance of each recording from the keyword made of the others.
        misses: recordings that the keyword made of the others misses, and the expected miss rate; None for a single
            recording.
        confusions: other keywords that are detected in this one's recordings, and the reverse.
        refused: a sentence for each recording that was not used.
        false_alarms_per_hour: expected at the threshold, estimated on the bank of background speech.
        warnings: sentences about poor recordings that are used all the same, and about weaknesses of the keyword.
    """

    keyword: Keyword
    matches: tuple[Match, ...]
    misses: Misses | None
    confusions: tuple[Confusion, ...]
    refused: tuple[str, ...]
    false_alarms_per_hour: float
    warnings: tuple[str, ...]


def enroll(
    name: str,
    recordings: Sequence[Path | Recording],
    tokenizer: Tokenizer,
    *,
    scorer: str = "subsequence",
    threshold: float | Rule = LEARNED,
    adding_to: Keyword | None = None,
    others: Sequence[Keyword] = (),
    keep_audio: bool = False,
    bank: Bank | None = None,
) -> Enrolment:
    """A keyword from recordings, each holding the phrase once.

    Args:
        name: the name of the keyword.
        recordings: files, or samples in memory; those that cannot be used are left out and reported, poor ones are
            used with a warning.
        tokenizer: is reset.
        scorer: "subsequence", "dtw", "codes", "edit" or "levenshtein", see `kwsd.spotting.matching`.
        threshold: the largest distance that is a detection, or the rule that finds it.
        adding_to: a keyword whose templates are added.
        others: keywords to check for confusion; those of the same name or of another model are skipped.
        keep_audio: store the recordings in the keyword, so that it can be enrolled again with another model.
        bank: background speech as frames of this tokenizer; the shipped bank if None.

    Raises:
        KeywordError: the name is not allowed, or no recording can be used.
        ModelError: the bank was made with another model, or is too short.
        ConfigError: there is no such scorer.
    """
    name = check_name(name)
    bank = bank or Bank.shipped()
    bank.check_model(tokenizer.digest)
    if not recordings:
        raise KeywordError("there is no recording: give at least one that holds the phrase")
    known = adding_to.templates if adding_to else ()
    takes, refused = _heard(recordings, tokenizer)
    templates, poor = _made(takes, known, refused, keep_audio=keep_audio)
    if len(refused) == len(recordings):
        raise KeywordError("no recording can be used. " + " ".join(refused))
    templates = weighted(calibrated(templates, scorer, bank, tokenizer.codebook), scorer, tokenizer)
    draft = Keyword(name, tuple(templates), 0.0, scorer, tokenizer.digest, "")
    made = _finish(draft, threshold, refused, others, tokenizer, bank)
    return replace(made, warnings=(*poor, *made.warnings))


def reenroll(
    keyword: Keyword,
    tokenizer: Tokenizer,
    *,
    scorer: str | None = None,
    threshold: float | Rule = LEARNED,
    others: Sequence[Keyword] = (),
    bank: Bank | None = None,
) -> Enrolment:
    """Enrol a keyword again from the audio in it; arguments as in `enroll`, and the keyword's scorer if it is None.

    Raises:
        KeywordError: the keyword does not have the audio of each recording, or it cannot be decoded.
        ModelError: as `enroll`.
    """
    if not all(template.audio for template in keyword.templates):
        raise KeywordError(
            f'the recordings of "{keyword.name}" were not kept (--keep-audio): enroll it again from recordings'
        )
    return enroll(
        keyword.name,
        [kept_recording(template) for template in keyword.templates],
        tokenizer,
        scorer=scorer or keyword.scorer,
        threshold=threshold,
        others=others,
        keep_audio=True,
        bank=bank,
    )


def _heard(recordings: Sequence[Path | Recording], tokenizer: Tokenizer) -> tuple[list[Take], list[str]]:
    """The recordings that can be used, and a sentence for each that cannot."""
    takes, refused = [], []
    for recording in recordings:
        try:
            takes.append(take_of(recording, tokenizer))
        except AudioError as error:
            refused.append(f"{recording.name} is not used: {error}")
    return takes, refused


def _made(
    takes: Sequence[Take], known: Sequence[Template], refused: list[str], *, keep_audio: bool
) -> tuple[list[Template], list[str]]:
    """The known templates and those of the takes, and what is poor in them; a take that is there already is refused."""
    templates, poor = list(known), []
    for take, reading in zip(takes, agreed(takes, known), strict=True):
        template = take.template(reading, keep_audio=keep_audio)
        same = [t.recording for t in templates if np.array_equal(t.frames.vectors, template.frames.vectors)]
        if same:
            refused.append(
                f"{template.recording} is not used: it is the same recording as {same[0]}: say the phrase again"
            )
            continue
        templates.append(template)
        poor += [f"{template.recording} {fault}" for fault in faults(take.recording.samples, reading.pieces)]
    return templates, poor


def _finish(
    draft: Keyword,
    threshold: float | Rule,
    refused: Sequence[str],
    others: Sequence[Keyword],
    tokenizer: Tokenizer,
    bank: Bank,
) -> Enrolment:
    """Set the threshold of a draft, and report on it."""
    model = false_alarm_model(draft, bank, tokenizer.codebook)
    distances = leave_one_out(draft, tokenizer)
    value, rule = (
        threshold.learn(distances, model, draft.scorer) if isinstance(threshold, Rule) else (threshold, "as asked")
    )
    keyword = replace(draft, threshold=value, rule=rule)
    missed = misses(distances, value, model.deviation)
    confused = confusions(keyword, others, tokenizer)
    alarms = model.alarms_per_hour(value)
    sentences = (*warnings(keyword, missed, alarms), *map(str, confused))
    return Enrolment(keyword, matches(keyword, distances), missed, confused, tuple(refused), alarms, sentences)
