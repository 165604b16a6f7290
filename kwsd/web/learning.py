"""Learning on the page: recordings that are added and removed, and what was said of detections."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile as sf

from kwsd.audio.resample import Resampler, check_rate
from kwsd.audio.samples import check_finite
from kwsd.enrolment.enroll import Enrolment, enroll, reenroll
from kwsd.enrolment.feedback import confirm, correct
from kwsd.enrolment.hit import Hit
from kwsd.enrolment.quality import faults
from kwsd.enrolment.template import Recording, take_of
from kwsd.errors import AudioError, KeywordError
from kwsd.keywords.keyword import check_name
from kwsd.keywords.store import check_model
from kwsd.web.keywords import Keywords, recording_at

LONGEST = 60  # s of a recording


@dataclass(frozen=True)
class TakeFacts:
    """A recording before it is enrolled.

    Attributes:
        start, end: seconds between which the phrase seems to be.
        faults: a sentence without a subject for each thing that is wrong with it.
    """

    start: float
    end: float
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Learned:
    """What came of learning.

    Attributes:
        threshold: of the keyword now.
        recordings: number of its recordings.
        distances: of each recording, from the keyword made of the others; None for a single one.
        odd: name of the recording that is unlike the others, or nothing.
        alarms: false alarms per hour to expect.
        misses: share of further recordings that will be missed; None for a single recording.
        notes: sentences: recordings that were refused, and warnings.
    """

    threshold: float
    recordings: int
    distances: tuple[float | None, ...]
    odd: str
    alarms: float
    misses: float | None
    notes: tuple[str, ...]


def decode(name: str, wav: bytes) -> Recording:
    """A recording of a browser, a WAV file in memory.

    Raises:
        AudioError: it is none, silent, or longer than a minute.
    """
    try:
        with sf.SoundFile(io.BytesIO(wav)) as sound:
            if sound.frames > LONGEST * sound.samplerate:
                raise AudioError(f"{name} is longer than {LONGEST} s: record the phrase alone")
            samples, rate = sound.read(dtype="float32", always_2d=True).mean(axis=1), sound.samplerate
    except sf.LibsndfileError as error:
        raise AudioError(f"{name} is not a WAV recording: record it again") from error
    check_rate(rate, name)
    check_finite(samples, 0, rate, name)
    if not samples.any():
        raise AudioError(f"{name} is silent: check that the microphone is not muted")
    samples = np.trim_zeros(samples)  # a browser may give zeros before the microphone; the room would pass for speech
    resampler = Resampler(rate)
    return Recording(name, np.concatenate([resampler.push(samples), resampler.flush()]))


def check_take(keywords: Keywords, recording: Recording) -> TakeFacts:
    """Where in a recording the phrase is, and what is wrong with it; raises AudioError if it holds no phrase."""
    with keywords.tokenizer() as tokenizer:
        reading = take_of(recording, tokenizer).readings[0]
    pieces = reading.pieces
    return TakeFacts(pieces[0][0], pieces[-1][1], tuple(faults(recording.samples, pieces)))


def add(keywords: Keywords, name: str, recordings: Sequence[Recording], *, save: bool) -> Learned:
    """Add recordings to a keyword, or make a new one of them; it is stored if `save` says so."""
    name, store = check_name(name), keywords.store
    with keywords.tokenizer() as tokenizer:
        store.check_spelling(name)
        before = store.load(name) if name in store.names() else None
        if before:
            check_model(before, tokenizer)
        made = enroll(
            name,
            recordings,
            tokenizer,
            scorer=before.scorer if before else "subsequence",
            adding_to=before,
            others=store.others(name, tokenizer),
            keep_audio=True,
        )
        if save:
            store.save(made.keyword)
    return _learned(made)


def remove_recording(keywords: Keywords, name: str, place: int) -> None:
    """Make a keyword anew without one of its recordings; the others must have been kept, unless it is a negative."""
    with keywords.tokenizer() as tokenizer:
        keyword = keywords.store.load(name)
        removed = recording_at(keyword, place)
        templates, negatives = (
            tuple(one for one in group if one is not removed) for group in (keyword.templates, keyword.negatives)
        )
        if not templates:
            raise KeywordError(f'this is the only recording of "{name}": remove the keyword')
        rest = replace(keyword, templates=templates, negatives=negatives)
        if len(templates) < len(keyword.templates):
            rest = reenroll(rest, tokenizer, others=keywords.store.others(name, tokenizer)).keyword
        keywords.store.save(rest)


def learn_hit(keywords: Keywords, path: Path, said: bool) -> str:
    """Learn from a kept detection whether its keyword was said, and say in a sentence what became of the threshold."""
    with keywords.tokenizer() as tokenizer:
        hit = Hit.load(path)
        (keyword,) = keywords.store.load_all([hit.keyword], tokenizer)
        learned = (confirm if said else correct)(keyword, path.name, hit, tokenizer).keyword
        keywords.store.save(learned)
    change = f"threshold {learned.threshold:.3f}, before {keyword.threshold:.3f}"
    counts = f"recordings: {len(learned.templates)}, negatives: {len(learned.negatives)}"
    return f'"{learned.name}": {change}, {counts}'


def _learned(made: Enrolment) -> Learned:
    return Learned(
        made.keyword.threshold,
        len(made.keyword.templates),
        tuple(match.distance for match in made.matches),
        next((match.recording for match in made.matches if match.odd), ""),
        made.false_alarms_per_hour,
        made.misses.rate if made.misses else None,
        (*made.refused, *made.warnings),
    )
