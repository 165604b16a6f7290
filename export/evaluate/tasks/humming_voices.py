"""Query by humming among more voices: how the rank depends on how many people sing each melody.

No table of the papers has it, but it explains theirs. Of each song of MIR-QBSH there are some ninety recordings, so
that somebody sings in about the key of any query. Beside the systems stand two that know the true pitch of synthetic
voices: one its pitch class, which is what remains of the key without octaves, one its distance from the median of the
hum, which no key changes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export.corpora.synthetic_hums import CONTROL, Sung
from export.evaluate.data.hummed_melodies import CORPUS, Retrieval, crowded
from export.evaluate.encoders import audio_encoder
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment
from export.evaluate.matching.distances import distances
from export.evaluate.metrics import mean, reciprocal_ranks
from export.evaluate.results import Result
from export.evaluate.tasks.query_by_humming import SPEECH_ONLY
from export.systems.features import HUMMING
from export.systems.system import Encoded
from kwsd.tokenizer.codebook import unit

TASK = "humming-voices"
VOICES, QUICK_VOICES = (12, 24, 48, 90), (3, 6)
MATCHINGS = "dtw", "edit, compressed"
CLASS, RELATIVE = "true pitch class", "true pitch in the hum's own key"
OCTAVE, RANGE, STEP = 12, 20, 0.5  # semitones
Setting = dict[str, str | int | float]


def run(experiment: Experiment) -> None:
    """Measure what was not measured yet: each system, each number of voices, each matching.

    Raises:
        EvaluationError: recordings of people are given, of which there are as many as there are.
        TrainingError: a system cannot be trained.
    """
    if CORPUS in experiment.corpora:
        raise EvaluationError(f"{TASK} needs synthetic voices, as many as it wants: leave out --corpus {CORPUS}")
    names = [CLASS, RELATIVE, *(name for name in experiment.systems if name not in SPEECH_ONLY)]
    wanted = [(name, missing) for name in names if (missing := _missing(experiment, name))]
    if not wanted:
        return
    given = crowded(experiment)
    for name, missing in tqdm(wanted, desc=TASK, unit="system"):
        for result in _measured(experiment, name, missing, given):
            experiment.results.write(result)


def true_pitch(sung: Sung, name: str) -> Encoded:
    """A synthetic hum as its true pitch: unit vectors in which pitches a semitone apart are alike, and tokens.

    Args:
        sung: with its pitch.
        name: CLASS or RELATIVE.
    """
    assert sung.pitch is not None
    frames = max(1, (len(sung.samples) - HUMMING.window) // HUMMING.hop + 1)
    middles = (np.arange(frames) * HUMMING.hop + HUMMING.window / 2) * CONTROL / HUMMING.rate
    pitch = sung.pitch[np.minimum(middles.astype(int), len(sung.pitch) - 1)][:, None]
    if name == CLASS:
        half = OCTAVE / 2
        away = (pitch - np.arange(0, OCTAVE, STEP) + half) % OCTAVE - half
    else:
        away = pitch - np.median(sung.pitch) - np.arange(-RANGE, RANGE, STEP)
    return Encoded(unit(np.exp(-(away**2) / 2).astype(np.float32)), np.abs(away).argmin(axis=1).astype(np.int32))


def _missing(experiment: Experiment, name: str) -> list[Setting]:
    counts = QUICK_VOICES if experiment.quick else VOICES
    rows: list[Setting] = [{"voices": n, "matching": m} for m in MATCHINGS for n in counts]
    return [row for row in rows if not experiment.has(TASK, name, row)]


def _encoded(experiment: Experiment, name: str, items: Sequence[Sung]) -> list[Encoded]:
    if name in (CLASS, RELATIVE):
        return [true_pitch(item, name) for item in items]
    return audio_encoder(experiment, name, "humming")([item.samples for item in items])


def _measured(experiment: Experiment, name: str, rows: Sequence[Setting], given: Retrieval) -> Iterator[Result]:
    encoded = _encoded(experiment, name, given.items)
    number = _numbers(given.items)
    for matching in sorted({str(row["matching"]) for row in rows}):
        began = time.perf_counter()
        found = distances([encoded[i] for i in given.queries], encoded, matching)
        took = time.perf_counter() - began
        for row in (row for row in rows if row["matching"] == matching):
            allowed = given.allowed & (number < int(row["voices"]))
            ranks = mean(reciprocal_ranks(found, given.relevant, allowed), given.labels, experiment.seed)
            count, values = len(given.queries), {"mrr": ranks}
            yield Result(TASK, name, row, values, given.data, count, experiment.seed, took, experiment.quick)


def _numbers(items: Sequence[Sung]) -> NDArray[np.int64]:
    """[d] the number of each item's voice, in the order in which they sing."""
    number = {name: i for i, name in enumerate(dict.fromkeys(item.singer for item in items))}
    return np.array([number[item.singer] for item in items], np.int64)
