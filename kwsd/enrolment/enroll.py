"""Recordings of a phrase to a keyword with a learned threshold, and what the recordings say about each other."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile as sf

from kwsd.enrolment.calibration import calibrated
from kwsd.enrolment.confusion import Confusion, confusions
from kwsd.enrolment.false_alarms import false_alarm_model
from kwsd.enrolment.miss_rate import Misses, misses
from kwsd.enrolment.outliers import Match, left_out, matches
from kwsd.enrolment.template import Recording, template_of
from kwsd.enrolment.threshold import Rule
from kwsd.enrolment.warnings import warnings
from kwsd.errors import AudioError, KeywordError, ModelError
from kwsd.keywords.keyword import Keyword, Template, check_name
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer

LEARNED = Rule()


@dataclass(frozen=True)
class Enrolment:
    """A keyword, and what making it showed.

    Attributes:
        keyword: ready to be stored.
        matches: one per recording.
        misses: how many recordings the keyword made of the others misses; None for an only recording.
        confusions: enrolled keywords that answer to this one's recordings, or it to theirs.
        refused: a sentence for each recording that was not used.
        false_alarms_per_hour: expected at the threshold, from the bank of background speech.
        warnings: sentences about what will limit the keyword.
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
        name: what detections will be called.
        recordings: files, or samples in memory; those that cannot be used are refused and the others taken.
        tokenizer: is reset.
        scorer: "subsequence", "dtw", "codes", "edit" or "levenshtein", see `kwsd.spotting.matching`.
        threshold: distance up to which speech is the keyword, or the rule that learns it.
        adding_to: a keyword whose templates are kept.
        others: keywords that will be spotted beside this one and may be mistaken for it; those of its own name and of
            another model are passed over.
        keep_audio: store the recordings, so that another model can enrol them again.
        bank: background speech as this tokenizer hears it; the shipped bank if None.

    Raises:
        KeywordError: the name cannot be used, or no recording can.
        ModelError: the bank was made with another model.
    """
    name = check_name(name)
    bank = bank or Bank.shipped()
    if bank.model != tokenizer.digest:
        raise ModelError(
            f"the background bank was made with model {bank.model}, this is {tokenizer.digest}: rebuild it"
        )
    templates, refused = list(adding_to.templates if adding_to else ()), []
    for recording in recordings:
        try:
            templates.append(_distinct(template_of(recording, tokenizer, keep_audio=keep_audio), templates))
        except AudioError as error:
            refused.append(f"{recording.name} is not used: {error}")
    if len(refused) == len(recordings):
        raise KeywordError("no recording can be used. " + " ".join(refused))
    templates = calibrated(templates, scorer, bank, tokenizer.codebook)
    draft = Keyword(name, tuple(templates), 0.0, scorer, tokenizer.digest, "")
    return _learn(draft, threshold, refused, others, tokenizer, bank)


def reenroll(
    keyword: Keyword,
    tokenizer: Tokenizer,
    *,
    scorer: str | None = None,
    threshold: float | Rule = LEARNED,
    others: Sequence[Keyword] = (),
    bank: Bank | None = None,
) -> Enrolment:
    """The same keyword made anew from the audio that was kept with it; options as in `enroll`.

    Raises:
        KeywordError: a recording's audio was not kept.
    """
    kept = [(t.recording, t.audio) for t in keyword.templates if t.audio]
    if len(kept) < len(keyword.templates):
        raise KeywordError(
            f'the recordings of "{keyword.name}" were not kept (--keep-audio): enroll it again from recordings'
        )
    recordings = [Recording(name, sf.read(io.BytesIO(audio), dtype="float32")[0]) for name, audio in kept]
    return enroll(
        keyword.name,
        recordings,
        tokenizer,
        scorer=scorer or keyword.scorer,
        threshold=threshold,
        others=others,
        keep_audio=True,
        bank=bank,
    )


def _distinct(template: Template, others: Sequence[Template]) -> Template:
    for other in others:
        if np.array_equal(template.frames.vectors, other.frames.vectors):
            raise AudioError(f"it is the same recording as {other.recording}: say the phrase again")
    return template


def _learn(
    draft: Keyword,
    threshold: float | Rule,
    refused: Sequence[str],
    others: Sequence[Keyword],
    tokenizer: Tokenizer,
    bank: Bank,
) -> Enrolment:
    """Set the threshold, and look at the recordings through each other's eyes and through those of other keywords."""
    speech = false_alarm_model(draft, bank, tokenizer.codebook)
    distances = left_out(draft, tokenizer)
    value, rule = (
        threshold.learn(distances, speech, draft.scorer) if isinstance(threshold, Rule) else (threshold, "as asked")
    )
    keyword = replace(draft, threshold=value, rule=rule)
    missed = misses(distances, value, speech.spread)
    confused = confusions(keyword, others, tokenizer)
    alarms = speech.alarms_per_hour(value)
    said = (*warnings(keyword, missed, alarms), *map(str, confused))
    return Enrolment(keyword, matches(keyword, distances), missed, confused, tuple(refused), alarms, said)
