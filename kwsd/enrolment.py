"""Recordings of a phrase to a keyword with a learned threshold, and what the recordings say about each other."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from kwsd.audio.files import read
from kwsd.audio.trim import speech_span
from kwsd.background import Bank
from kwsd.errors import AudioError, KeywordError, ModelError
from kwsd.frames import Frames
from kwsd.keyword import Keyword, Template, check_name
from kwsd.spotter import Scorer
from kwsd.threshold import Rule, background, calibrated
from kwsd.tokenizer import Tokenizer

CONTEXT = 1.0  # seconds kept on both sides of the phrase
TOO_SHORT = 0.45  # seconds; shorter phrases are found in too many others
MANY_ALARMS = 3.0  # an hour, which is more than anybody bears for long
ODD = 1.35  # times the median distance of the others, at which a recording is the odd one out
LEARNED = Rule()


@dataclass(frozen=True)
class Recording:
    """A recording that is in memory: mono samples at 16 kHz in [-1, 1]."""

    name: str
    samples: NDArray[np.float32]


@dataclass(frozen=True)
class Match:
    """How well one recording matches the others.

    Attributes:
        recording: its name.
        distance: of the phrase in it from the keyword made of all the others; None for an only recording.
        odd: it is the one that does not belong.
    """

    recording: str
    distance: float | None
    odd: bool


@dataclass(frozen=True)
class Enrolment:
    """A keyword, and what making it showed.

    Attributes:
        keyword: ready to be stored.
        matches: one per recording.
        refused: a sentence for each recording that was not used.
        false_alarms_per_hour: expected at the threshold, from the bank of background speech.
        warnings: sentences about what will limit the keyword.
    """

    keyword: Keyword
    matches: tuple[Match, ...]
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
    keep_audio: bool = False,
    bank: Bank | None = None,
) -> Enrolment:
    """A keyword from recordings, each holding the phrase once.

    Args:
        name: what detections will be called.
        recordings: files, or samples in memory; those that cannot be used are refused and the others taken.
        tokenizer: is reset.
        scorer: "subsequence", "dtw", "edit" or "levenshtein", see `kwsd.matching`.
        threshold: distance up to which speech is the keyword, or the rule that learns it.
        adding_to: a keyword whose templates are kept.
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
            templates.append(_distinct(_template(recording, tokenizer, keep_audio), templates))
        except AudioError as error:
            refused.append(f"{recording.name} is not used: {error}")
    if len(refused) == len(recordings):
        raise KeywordError("no recording can be used. " + " ".join(refused))
    templates = calibrated(templates, scorer, bank, tokenizer.codebook)
    return _learn(
        Keyword(name, tuple(templates), 0.0, scorer, tokenizer.digest, ""), threshold, refused, tokenizer, bank
    )


def reenroll(
    keyword: Keyword,
    tokenizer: Tokenizer,
    *,
    scorer: str | None = None,
    threshold: float | Rule = LEARNED,
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
        keep_audio=True,
        bank=bank,
    )


def _template(recording: Path | Recording, tokenizer: Tokenizer, keep_audio: bool) -> Template:
    samples = recording.samples if isinstance(recording, Recording) else read(recording)
    start, end = speech_span(samples)
    tokenizer.reset()
    heard = Frames.join([tokenizer.push(samples), tokenizer.flush()]).between(start - CONTEXT, end + CONTEXT)
    return Template(recording.name, heard, start, end, _flac(samples, tokenizer.rate) if keep_audio else None)


def _flac(samples: NDArray[np.float32], rate: int) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, samples, rate, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def _distinct(template: Template, others: Sequence[Template]) -> Template:
    for other in others:
        if np.array_equal(template.frames.vectors, other.frames.vectors):
            raise AudioError(f"it is the same recording as {other.recording}: say the phrase again")
    return template


def _learn(
    draft: Keyword, threshold: float | Rule, refused: Sequence[str], tokenizer: Tokenizer, bank: Bank
) -> Enrolment:
    """Set the threshold, and look at the recordings through each other's eyes."""
    codebook = tokenizer.codebook
    others = background(draft, bank, codebook)
    distances = [_leave_out(draft, i, tokenizer) for i in range(len(draft.templates))]
    hits = [d for d in distances if d is not None]
    value, rule = (
        threshold.learn(hits, others, draft.scorer) if isinstance(threshold, Rule) else (threshold, "as asked")
    )
    keyword = replace(draft, threshold=value, rule=rule)
    alarms = others.alarms_per_hour(value)
    return Enrolment(keyword, _matches(keyword, distances), tuple(refused), alarms, _warnings(keyword, hits, alarms))


def _leave_out(keyword: Keyword, i: int, tokenizer: Tokenizer) -> float | None:
    """The distance of one recording from the keyword made of all the others."""
    rest = tuple(t for j, t in enumerate(keyword.templates) if j != i)
    if not rest:
        return None
    scorer = Scorer(keyword.scorer, [replace(keyword, templates=rest)], tokenizer.hop, tokenizer.codebook)
    return float(scorer.push(keyword.templates[i].heard).distance.min())


def _matches(keyword: Keyword, distances: Sequence[float | None]) -> tuple[Match, ...]:
    known = [np.inf if d is None else d for d in distances]
    worst = int(np.argmax(known))
    usual = float(np.median([d for i, d in enumerate(known) if i != worst])) if len(known) > 2 else np.inf
    odd = known[worst] > max(keyword.threshold, ODD * usual)
    pairs = zip(keyword.templates, distances, strict=True)
    return tuple(Match(t.recording, d, odd and i == worst) for i, (t, d) in enumerate(pairs))


def _warnings(keyword: Keyword, hits: Sequence[float], alarms: float) -> tuple[str, ...]:
    found = []
    seconds = float(np.median([t.seconds for t in keyword.templates]))
    missed = sum(d > keyword.threshold for d in hits)
    if seconds < TOO_SHORT:
        found.append(f"the phrase is short ({seconds:.2f} s): a longer one is missed less and mistaken less")
    if len(keyword.templates) < 3:
        found.append(f"{len(keyword.templates)} recording(s) are few: add some, by different voices, rooms and moods")
    if missed:
        found.append(f"{missed} of {len(hits)} recordings would be missed at this threshold: record those again")
    if alarms > MANY_ALARMS:
        found.append(f"about {alarms:.1f} false alarms an hour are to be expected: a lower threshold has fewer")
    return tuple(found)
