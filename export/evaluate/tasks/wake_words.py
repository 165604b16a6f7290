"""Wake words from three recordings by one speaker: the share of that speaker's further recordings that is missed.

Our reading where the paper leaves it open: each word has its own threshold, the one that lets ALARMS utterances an hour
of other people's speech through (an utterance counts once); what is missed is a recording that stays above it. For
"hquest" the test recordings and the other speech are one archive, cut into segments; a recording is as near as its
best segment on the shortlist.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export.corpora import registry
from export.corpora.utterance import Utterance
from export.corpus import RATE
from export.evaluate.archive_search.methods import HQuest
from export.evaluate.archive_search.segments import cut_up
from export.evaluate.data.babble_noise import Samples, with_babble
from export.evaluate.data.spoken_words import word_sets
from export.evaluate.encoders import audio_encoder
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment
from export.evaluate.matching.wake_word_distances import by_alignment, by_search, threshold
from export.evaluate.metrics import mean
from export.evaluate.results import Result
from export.evaluate.tasks.spoken_terms import LEARNT, SYSTEMS, TOKENS, some, spoken_part
from export.systems.system import Encoded

TASK = "wake-word"
CORPORA = ("hey-snips", "dspspeech")  # many takes of a word by a speaker; the first that is there
ENROLMENTS = 3  # recordings a word
WORDS, TAKES = 2, 10  # words a speaker, and at most so many recordings to be found
HOURS = 1.0  # of other people's speech; in less, one alarm an hour cannot be told from none
ALARMS = 1  # an hour
DECIBELS = 10
NOISES = ("clean", f"babble {DECIBELS} dB")
DTW, HQUEST = "subsequence dtw", "hquest"
SHORTLIST = 200  # the longest that the paper has: several segments of a recording hold its word
SEGMENT = 1.0  # seconds
VOICES = 20  # speakers whose babble is drawn from


@dataclass(frozen=True)
class Wake:
    """A word that a speaker enrolled, and recordings of it to be found."""

    speaker: str
    text: str
    enrolled: Sequence[Utterance]
    takes: Sequence[Utterance]


@dataclass(frozen=True)
class Material:
    """What all systems encode.

    Attributes:
        words: what was enrolled.
        enrolled: recordings of each word.
        takes: by noise, of each word.
        background: other people's utterances.
        hours: how long those last together.
        corpus: where the words are from.
        data: a phrase that says what all this is.
    """

    words: Sequence[Wake]
    enrolled: Sequence[Sequence[Samples]]
    takes: dict[str, Sequence[Sequence[Samples]]]
    background: Sequence[Samples]
    hours: float
    corpus: str
    data: str

    @property
    def alarms(self) -> int:
        """How many of the other utterances may be taken for a word."""
        return int(self.hours * ALARMS)


Setting = dict[str, str | int | float]
Groups = Sequence[Sequence[Encoded]]  # the recordings of each word
Missed = NDArray[np.bool_]


def run(experiment: Experiment) -> None:
    """Measure what is missing: every system by DTW, and those of H-QuEST's tables by H-QuEST.

    Raises:
        EvaluationError: no corpus has enough recordings of a word by one speaker.
    """
    missing = {(s, m): _missing(experiment, s, m) for s in experiment.systems for m in (DTW, HQUEST)}
    chosen = [key for key, noises in missing.items() if noises and (key[1] == DTW or key[0] in SYSTEMS)]
    if not chosen:
        return
    material = gather(experiment)
    for system, matching in tqdm(chosen, desc=TASK, unit="system"):
        _measure(experiment, system, matching, missing[system, matching], material)


def _setting(matching: str, noise: str) -> Setting:
    return {"matching": matching, "noise": noise, "alarms_per_hour": ALARMS}


def _missing(experiment: Experiment, system: str, matching: str) -> list[str]:
    settings = {noise: _setting(matching, noise) for noise in NOISES}
    return [n for n, s in settings.items() if not experiment.has(TASK, system, s)]


def _measure(experiment: Experiment, system: str, matching: str, noises: Sequence[str], material: Material) -> None:
    encode = audio_encoder(experiment, system, "speech", tokens=TOKENS if matching == HQUEST else 25)
    background = encode(material.background)
    templates = [
        [spoken_part(one, samples, encode.seconds) for one, samples in zip(of_word, recordings, strict=True)]
        for of_word, recordings in zip(_each(encode, material.enrolled), material.enrolled, strict=True)
    ]
    for noise in noises:
        began = time.perf_counter()
        takes = _each(encode, material.takes[noise])
        if matching == DTW:
            missed = missed_by_alignment(templates, takes, background, material.alarms)
        else:
            length = round(SEGMENT / encode.seconds)
            missed = missed_by_search(templates, takes, background, material.alarms, length)
        took = time.perf_counter() - began
        experiment.results.write(_result(experiment, system, _setting(matching, noise), missed, material, took))


def _result(
    experiment: Experiment, system: str, setting: Setting, missed: NDArray[np.bool_], material: Material, took: float
) -> Result:
    speakers = [word.speaker for word in material.words for _ in word.takes]
    values = {"miss_rate": mean(missed, speakers, experiment.seed)}
    learnt = f"; the system was trained on {material.corpus}" if material.corpus in LEARNT.get(system, ()) else ""
    more = {"words": len(material.words), "hours": material.hours, "alarms": material.alarms}
    data = material.data + learnt
    return Result(TASK, system, setting, values, data, len(missed), experiment.seed, took, experiment.quick, more)


def missed_by_alignment(templates: Groups, takes: Groups, background: Sequence[Encoded], alarms: int) -> Missed:
    """[n] which takes of which word are missed, in order: the nearest template by subsequence DTW."""
    edges = np.cumsum([len(t) for t in templates])[:-1]
    of_all = by_alignment([t for of_word in templates for t in of_word], background)
    others = [part.min(axis=1) for part in np.split(of_all, edges, axis=1)]
    own = [by_alignment(t, of_word).min(axis=1) for t, of_word in zip(templates, takes, strict=True)]
    return np.concatenate([o >= threshold(b, alarms) for o, b in zip(own, others, strict=True)])


def missed_by_search(
    templates: Groups, takes: Groups, background: Sequence[Encoded], alarms: int, length: int
) -> Missed:
    """[n] which takes of which word are missed, in order: H-QuEST in segments of `length` frames."""
    archive = cut_up([*background, *(take for of_word in takes for take in of_word)], length)
    search = HQuest(archive, SHORTLIST)
    first, missed = len(background), []
    for of_word, own in zip(templates, takes, strict=True):
        after = first + len(own)
        allowed = (archive.recording < len(background)) | (first <= archive.recording) & (archive.recording < after)
        distance = by_search(of_word, search, archive, allowed)
        missed.append(distance[first:after] >= threshold(distance[: len(background)], alarms))
        first = after
    return np.concatenate(missed)


def _each(encode: Callable[[Sequence[Samples]], list[Encoded]], groups: Sequence[Sequence[Samples]]) -> Groups:
    """Every recording of every group as a system represents it, all encoded together."""
    encoded = iter(encode([samples for group in groups for samples in group]))
    return [[next(encoded) for _ in group] for group in groups]


def gather(experiment: Experiment) -> Material:
    """What is enrolled and tested, the same for every system.

    Raises:
        EvaluationError: no corpus has enough recordings of a word by one speaker.
    """
    corpus = next((name for name in CORPORA if name in experiment.corpora), None)
    if corpus is None:
        raise EvaluationError(
            f"{TASK} needs many recordings of a word by each speaker: name one of these with --corpus NAME=PATH: "
            + ", ".join(CORPORA)
        )
    rng = np.random.default_rng(experiment.seed)
    words = drawn(registry.read(corpus, experiment.corpora[corpus], experiment.cache), rng, experiment.quick)
    if not words:
        raise EvaluationError(f"{corpus} has no word that a speaker says {ENROLMENTS + 1} times: name another corpus")
    sets = word_sets(experiment)
    voices = [u.samples(RATE) for u in one_each(sets.test_utterances, rng)]
    background = [u.samples(RATE) for u in some(sets.test_utterances, HOURS, experiment, few=10)]
    hours = sum(len(b) for b in background) / RATE / 3600
    clean = [[u.samples(RATE) for u in word.takes] for word in words]
    noisy = [[with_babble(take, voices, DECIBELS, rng) for take in takes] for takes in clean]
    enrolled = [[u.samples(RATE) for u in word.enrolled] for word in words]
    data = f"{len(words)} words of {len({w.speaker for w in words})} speakers, {corpus}; false alarms: "
    data += f"{hours:.2f} h, {sets.data}"
    return Material(words, enrolled, dict(zip(NOISES, (clean, noisy), strict=True)), background, hours, corpus, data)


def drawn(recordings: Sequence[Utterance], rng: np.random.Generator, quick: bool = False) -> list[Wake]:
    """WORDS words of each speaker, of those with a recording more than is enrolled; one of 3 each in a quick run."""
    takes: dict[str, dict[str, list[Utterance]]] = defaultdict(lambda: defaultdict(list))
    for recording in recordings:
        if recording.text.replace(" ", "").isalpha():
            takes[recording.speaker][recording.text].append(recording)
    found: list[Wake] = []
    for speaker in sorted(takes):
        enough = sorted(text for text, own in takes[speaker].items() if len(own) > ENROLMENTS)
        for text in rng.permutation(enough)[:WORDS].tolist():
            own = [takes[speaker][text][i] for i in rng.permutation(len(takes[speaker][text])).tolist()]
            found.append(Wake(speaker, text, own[:ENROLMENTS], own[ENROLMENTS : ENROLMENTS + TAKES]))
    return found[: 3 * WORDS : WORDS] if quick else found


def one_each(utterances: Sequence[Utterance], rng: np.random.Generator) -> list[Utterance]:
    """One utterance of each of at most VOICES speakers."""
    of_speaker = {utterances[i].speaker: utterances[i] for i in rng.permutation(len(utterances)).tolist()}
    return list(of_speaker.values())[:VOICES]
