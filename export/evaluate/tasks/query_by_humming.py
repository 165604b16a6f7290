"""Query by humming: the rank of other people's hums of the same melody (Wav2Tok, MRR, eq. 22).

Queries are changed in tempo, in pitch, in both or not at all; the database never is. How far they are changed is our
reading: a stretch of 0.8 to 1.25, 3 semitones up or down at most.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export.corpora.tempo_and_pitch import shifted, stretched
from export.evaluate.data.hummed_melodies import Retrieval, retrieval
from export.evaluate.encoders import audio_encoder
from export.evaluate.experiment import Experiment
from export.evaluate.matching.distances import MATCHINGS, Distances, compressed_of, distances
from export.evaluate.metrics import mean, reciprocal_ranks
from export.evaluate.results import Result, Value
from export.systems.system import Encoded

TASK = "query-by-humming"
CHANGES = ("none", "stretch", "pitch", "both")
SLOWEST, HIGHEST = 1.25, 3.0  # times as long, and semitones
SIZES, USUAL = (15, 25, 40), 25  # of the codebook
# Other sizes are for TokB alone: every system whose tokens are learned would have to be trained anew for each.
SWEPT = ("tokb",)
SPEECH_ONLY = ("kwsd",)
BLOCK = 8  # queries whose search is timed together

Samples = NDArray[np.float32]
Setting = dict[str, str | int | float]


def run(experiment: Experiment) -> None:
    """Measure what was not measured yet: each system and K, each change, each matching.

    Raises:
        CorpusError, EvaluationError: the recordings cannot be used.
        TrainingError: a system cannot be trained.
    """
    wanted = [(system, k, missing) for system, k in _pairs(experiment) if (missing := _missing(experiment, system, k))]
    if not wanted:
        return
    given = retrieval(experiment)
    queries = {change: _changed(given, change, experiment.seed) for change in CHANGES}
    with tqdm(total=sum(len(rows) for *_, rows in wanted), desc=TASK, unit="row") as progress:
        for system, k, rows in wanted:
            for result in _measured(experiment, system, k, rows, given, queries):
                experiment.results.write(result)
                progress.update()


def change(samples: Samples, kind: str, rng: np.random.Generator) -> Samples:
    """A query [n] changed as one of CHANGES says; the same amounts for the same state of `rng`, whatever the change."""
    factor = SLOWEST ** rng.uniform(-1, 1)
    semitones = rng.uniform(-HIGHEST, HIGHEST)
    if kind in ("stretch", "both"):
        samples = stretched(samples, factor)
    return shifted(samples, semitones) if kind in ("pitch", "both") else samples


def search(queries: Sequence[Encoded], items: Sequence[Encoded], matching: str) -> tuple[Distances, float]:
    """Distances [q, d], and the median CPU seconds of a query once everything is encoded and compressed."""
    method, _, compressed = matching.partition(", ")
    if compressed:
        queries, items = [compressed_of(q) for q in queries], [compressed_of(i) for i in items]
    parts, took = [], []
    for first in range(0, len(queries), BLOCK):
        block = queries[first : first + BLOCK]
        began = time.process_time()
        parts.append(distances(block, items, method))
        took.append((time.process_time() - began) / len(block))
    return np.concatenate(parts), float(np.median(took))


def _pairs(experiment: Experiment) -> Iterator[tuple[str, int]]:
    """Systems and sizes of the codebook."""
    for system in experiment.systems:
        if system not in SPEECH_ONLY:
            swept = system in SWEPT and not experiment.quick
            yield from ((system, k) for k in (SIZES if swept else (USUAL,)))


def _missing(experiment: Experiment, system: str, k: int) -> list[Setting]:
    rows: list[Setting] = [{"k": k, "change": c, "matching": m} for c in CHANGES for m in MATCHINGS]
    return [row for row in rows if not experiment.has(TASK, system, row)]


def _changed(given: Retrieval, kind: str, seed: int) -> list[Samples]:
    return [change(given.items[i].samples, kind, np.random.default_rng([seed, i])) for i in given.queries.tolist()]


def _measured(
    experiment: Experiment,
    system: str,
    k: int,
    rows: Sequence[Setting],
    given: Retrieval,
    queries: dict[str, list[Samples]],
) -> Iterator[Result]:
    encode = audio_encoder(experiment, system, "humming", tokens=k)
    began = time.perf_counter()
    items = encode([item.samples for item in given.items])
    encoded = {"none": [items[i] for i in given.queries]}
    encoded |= {kind: encode(queries[kind]) for kind in {str(row["change"]) for row in rows} - {"none"}}
    hearing = (time.perf_counter() - began) / len(rows)
    for row in rows:
        began = time.perf_counter()
        values = _values(*search(encoded[str(row["change"])], items, str(row["matching"])), given, experiment.seed)
        took = time.perf_counter() - began + hearing
        count, more = len(given.queries), {"items": len(items)}
        yield Result(TASK, system, row, values, given.data, count, experiment.seed, took, experiment.quick, more)


def _values(found: Distances, seconds: float, given: Retrieval, seed: int) -> dict[str, Value]:
    ranks = reciprocal_ranks(found, given.relevant, given.allowed)
    return {"mrr": mean(ranks, given.labels, seed), "seconds": Value(seconds)}
