"""Enrolment: recordings of a phrase to a keyword with a threshold, and a report on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kwsd.enrolment.calibration import calibrated
from kwsd.enrolment.confusion import Confusion, confusions
from kwsd.enrolment.false_alarms import false_alarm_model
from kwsd.enrolment.hearing import hear
from kwsd.enrolment.miss_rate import Misses, misses
from kwsd.enrolment.one_more import avoided
from kwsd.enrolment.outliers import Match, detected, leave_one_out, matches, of_people, unconfirmed
from kwsd.enrolment.template import Recording, kept_recording
from kwsd.enrolment.threshold import Rule
from kwsd.enrolment.warnings import warnings
from kwsd.enrolment.weights import weighted
from kwsd.errors import KeywordError
from kwsd.keywords.keyword import Contrast, Keyword, Template, check_name
from kwsd.second_look.decoder import plain
from kwsd.second_look.look import second_look
from kwsd.spotting.contrast import usual_excess
from kwsd.spotting.second_look import check_look
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer

LEARNED = Rule()
NEARER = 0.08  # by which a text that sounds alike is nearer to a recording than the phrase where it is named


@dataclass(frozen=True)
class Selected:
    """What is known of recordings that were cut out of running speech because they are near to each other.

    Attributes:
        farther: how many times as far as they are from each other the phrase is from them where it is said elsewhere.
        confirmed: share of false alarms that the second look confirms; 0 for what is usual.
    """

    farther: float = 1.0
    confirmed: float = 0.0


@dataclass(frozen=True)
class Enrolment:
    """An enrolled keyword with its report.

    Attributes:
        keyword: the keyword, not stored yet.
        matches: the distance of each recording from the keyword made of the others.
        misses: recordings that the keyword made of the others misses, and the expected miss rate; None for a single
            recording, and for synthetic voices alone.
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

    @property
    def one_more_avoids(self) -> float | None:
        """The share of the misses that one more recording is expected to avoid, see `kwsd.enrolment.one_more`.

        None beside synthetic voices, where it differs much from phrase to phrase.
        """
        templates = self.keyword.templates
        return None if any(template.said for template in templates) else avoided(len(templates))


def enroll(
    name: str,
    recordings: Sequence[Path | Recording],
    tokenizer: Tokenizer,
    *,
    scorer: str = "subsequence",
    threshold: float | Rule = LEARNED,
    negatives: Sequence[Path | Recording] = (),
    contrasts: Sequence[Contrast] = (),
    adding_to: Keyword | None = None,
    others: Sequence[Keyword] = (),
    keep_audio: bool = False,
    reach: float | None = None,
    selected: Selected | None = None,
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
        negatives: recordings of what sounds like the phrase and must not be detected, each once.
        contrasts: the phrase and what sounds alike, by the same synthetic voices (`kwsd.say.contrast`); those of
            `adding_to` if there are none.
        adding_to: a keyword whose templates and negatives are added; with it there may be negatives or contrasts alone.
        others: keywords to check for confusion; those of the same name or of another model are skipped.
        keep_audio: store the recordings in the keyword, so that it can be enrolled again with another model.
        reach: how many times as far as recordings are from each other a detection may be by the second look, which must
            confirm it (`kwsd.second_look`); 0 for no second look, None as `adding_to` has it.
        selected: what is known of recordings that a search selected; None for others, and for what `adding_to` has.
        bank: background speech as frames of this tokenizer; the shipped bank if None.

    Raises:
        KeywordError: the name is not allowed, or no recording can be used.
        ModelError: the bank was made with another model, or is too short; the second look is not installed.
        ConfigError: there is no such scorer.
    """
    name = check_name(name)
    bank = bank or Bank.shipped()
    bank.check_model(tokenizer.digest)
    if not recordings and not (adding_to and (negatives or contrasts)):
        raise KeywordError("there is no recording: give at least one that holds the phrase")
    known, rivals = (adding_to.templates, adding_to.negatives) if adding_to else ((), ())
    reach = reach_of(adding_to) if reach is None else reach
    look = second_look() if reach else None
    if look and adding_to:
        check_look(adding_to)
    words = plain(name) if look else ""
    if not look:
        known = tuple(replace(template, look=(), behind=()) for template in known)
    positive = hear(recordings, tokenizer, known, keep_audio=keep_audio, second_look=look, words=words)
    negative = hear(negatives, tokenizer, rivals, positive.templates, keep_audio=keep_audio)
    refused = [*positive.refused, *negative.refused]
    if not positive.templates or (refused and len(refused) == len(recordings) + len(negatives)):
        raise KeywordError("no recording can be used. " + " ".join(refused))
    said = tuple(contrasts) or (adding_to.contrasts if adding_to else ())
    draft = _draft(name, scorer, positive.templates, negative.templates, said, tokenizer, bank)
    if look:
        share = selected.confirmed if selected else confirmed_by(adding_to, reach)
        draft = replace(draft, second_model=look.digest, reach=reach, words=words, confirmed=share)
    made = _finish(draft, threshold, refused, others, tokenizer, bank, selected or Selected())
    return replace(made, warnings=(*positive.poor, *made.warnings))


def reenroll(
    keyword: Keyword,
    tokenizer: Tokenizer,
    *,
    scorer: str | None = None,
    threshold: float | Rule = LEARNED,
    negatives: Sequence[Path | Recording] = (),
    contrasts: Sequence[Contrast] = (),
    others: Sequence[Keyword] = (),
    reach: float | None = None,
    bank: Bank | None = None,
) -> Enrolment:
    """Enrol a keyword again from the audio in it, with further negatives; arguments as in `enroll`.

    A scorer of None is the keyword's; its contrasts are kept if they are of the same model, and so is a second look.

    Raises:
        KeywordError: the keyword does not have the audio of each recording, or it cannot be decoded.
        ModelError: as `enroll`.
    """
    if not all(template.audio for template in (*keyword.templates, *keyword.negatives)):
        raise KeywordError(
            f'the recordings of "{keyword.name}" were not kept (--keep-audio): enroll it again from recordings'
        )
    reach = reach_of(keyword) if reach is None else reach
    return enroll(
        keyword.name,
        [kept_recording(template) for template in keyword.templates],
        tokenizer,
        scorer=scorer or keyword.scorer,
        threshold=threshold,
        negatives=[*map(kept_recording, keyword.negatives), *negatives],
        contrasts=contrasts or (keyword.contrasts if keyword.model == tokenizer.digest else ()),
        others=others,
        keep_audio=True,
        reach=reach,
        selected=Selected(confirmed=confirmed_by(keyword, reach)),
        bank=bank,
    )


def add_template(keyword: Keyword, template: Template, tokenizer: Tokenizer, bank: Bank | None = None) -> Enrolment:
    """The keyword with one more template, for which there is no recording; the threshold is learned anew.

    Args:
        keyword: the keyword.
        template: of the same phrase and model.
        tokenizer: is reset.
        bank: background speech as frames of this tokenizer; the shipped bank if None.
    """
    bank = bank or Bank.shipped()
    templates = [*keyword.templates, template]
    draft = _draft(keyword.name, keyword.scorer, templates, keyword.negatives, keyword.contrasts, tokenizer, bank)
    draft = replace(draft, second_model=keyword.second_model, reach=keyword.reach, words=keyword.words)
    draft = replace(draft, confirmed=keyword.confirmed)
    return _finish(draft, LEARNED, (), (), tokenizer, bank, Selected())


def _draft(
    name: str,
    scorer: str,
    templates: Sequence[Template],
    negatives: Sequence[Template],
    contrasts: tuple[Contrast, ...],
    tokenizer: Tokenizer,
    bank: Bank,
) -> Keyword:
    """A keyword without a threshold, its templates calibrated and weighted."""
    every = calibrated(templates, scorer, bank, tokenizer.codebook, negatives)
    own, rivals = every[: len(templates)], tuple(every[len(templates) :])
    own = weighted(own, scorer, tokenizer, bank)
    return Keyword(name, tuple(own), 0.0, scorer, tokenizer.digest, "", rivals, contrasts)


def _hidden(keyword: Keyword, distances: Sequence[float], heard: Sequence[float]) -> list[str]:
    """A sentence for each recording that only the negatives keep from being detected."""
    return [
        f"{template.recording} is nearer to a negative than to the other recordings: leave one of the two out"
        for template, without, with_negatives in zip(keyword.templates, distances, heard, strict=False)
        if without <= keyword.threshold < with_negatives
    ]


def _mistaken(keyword: Keyword) -> list[str]:
    """A sentence on each text that is nearer to a recording than the phrase is, and so refuses little."""
    usual = usual_excess(keyword) if keyword.contrasts else ()
    near = [one.text for one, most in zip(keyword.contrasts[1:], usual, strict=True) if most > NEARER]
    return [
        f'"{text}" is nearer to a recording of the phrase than the phrase is, as synthetic voices say both, and so '
        "what sounds like it is hardly refused"
        for text in near
    ]


def reach_of(keyword: Keyword | None) -> float:
    """How far a detection may be by the second look of a keyword, 0 where there is none."""
    return keyword.reach if keyword and keyword.second_model else 0.0


def confirmed_by(keyword: Keyword | None, reach: float) -> float:
    """The share of false alarms that a keyword says its second look confirms, 0 where it is another second look."""
    return keyword.confirmed if keyword and reach_of(keyword) == reach else 0.0


def _too_far(keyword: Keyword, doubtful: Sequence[bool]) -> list[str]:
    """A sentence for each recording that the second look would not take for the phrase by the other recordings."""
    return [
        f"{template.recording} is farther from the other recordings than the second look confirms: such voices and "
        "places will be missed, so record more of them"
        for template, no in zip(keyword.templates, doubtful, strict=True)
        if no
    ]


def _finish(
    draft: Keyword,
    threshold: float | Rule,
    refused: Sequence[str],
    others: Sequence[Keyword],
    tokenizer: Tokenizer,
    bank: Bank,
    selected: Selected,
) -> Enrolment:
    """Set the threshold of a draft, and report on it."""
    alone = replace(draft, negatives=())  # negatives take false alarms away, the threshold stays
    distances = leave_one_out(alone, tokenizer)
    model = false_alarm_model(alone, bank, tokenizer)
    value, rule = (
        threshold.learn(distances, model, draft.scorer) if isinstance(threshold, Rule) else (threshold, "as asked")
    )
    keyword = replace(draft, threshold=value, rule=rule)
    heard = leave_one_out(keyword, tokenizer) if keyword.negatives else distances
    doubtful = unconfirmed(keyword)
    missed = misses(of_people(keyword, detected(heard, doubtful)), value, model.deviation, selected.farther)
    confused = confusions(keyword, others, tokenizer)
    alarms = model.alarms_per_hour(value)
    hidden = (*_hidden(keyword, distances, heard), *_mistaken(keyword), *_too_far(keyword, doubtful))
    sentences = (*warnings(keyword, missed, alarms), *hidden, *map(str, confused))
    return Enrolment(keyword, matches(keyword, distances), missed, confused, tuple(refused), alarms, sentences)
