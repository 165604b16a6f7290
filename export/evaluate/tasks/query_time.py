"""How long a query takes as the archive grows, for each of the searches that H-QuEST is compared with.

An utterance is a piece of PIECE seconds, so that speech grows with the number of utterances; so that there are enough,
one begins every STEP seconds. Each is cut into segments of SEGMENT seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np
from tqdm import tqdm

from export.corpora.utterance import Utterance, cut
from export.evaluate.archive_search.methods import METHODS, SHORTLIST, Search
from export.evaluate.archive_search.segments import Archive, cut_up
from export.evaluate.data.spoken_words import WordSets, word_sets
from export.evaluate.encoders import AudioEncoder, audio_encoder
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment
from export.evaluate.results import Result, Value
from export.evaluate.tasks.spoken_terms import TOKENS
from export.systems.system import Encoded

TASK = "query-time"
SYSTEM = "tokb"  # times depend on the system only through its sizes: one will do
SIZES, QUICK_SIZES = (100, 300, 1000, 3000, 10_000), (30, 100)
SEGMENT, PIECE, STEP = 1.0, 3.0, 1.0  # seconds
QUERIES, QUICK_QUERIES = 30, 5
AT_ONCE = 16  # utterances whose samples are in memory at a time


def run(experiment: Experiment) -> None:
    """Measure what is missing: the median CPU seconds of a query for every method and every size that the data allow.

    Raises:
        EvaluationError: there are no words to ask for, or usearch is missing.
    """
    system = SYSTEM if SYSTEM in experiment.systems else next(iter(experiment.systems), "")
    sizes = QUICK_SIZES if experiment.quick else SIZES
    missing = {size: _missing(experiment, system, size) for size in sizes}
    if not system or not any(missing.values()):
        return
    words = word_sets(experiment)
    encode = audio_encoder(experiment, system, "speech", tokens=TOKENS)
    queries = asked(words, encode, experiment)
    utterances = [*words.test_utterances, *words.train_utterances]
    frames, step = round(PIECE / encode.seconds), round(STEP / encode.seconds)
    archived = pieces(encoded_in_turn(encode, utterances), frames, step, max(sizes))
    for size in tqdm([size for size in sizes if missing[size]], desc=TASK, unit="size"):
        if size > len(archived):
            tqdm.write(f"{TASK}: the corpus has {len(archived)} pieces of {PIECE:g} s, so {size} are not measured")
            break
        archive = cut_up(archived[:size], round(SEGMENT / encode.seconds))
        for method in missing[size]:
            _measure(experiment, system, method, size, archive, queries, words.data)


def _setting(method: str, size: int) -> dict[str, str | int | float]:
    return {"method": method, "utterances": size}


def _missing(experiment: Experiment, system: str, size: int) -> list[str]:
    return [method for method in METHODS if not experiment.has(TASK, system, _setting(method, size))]


def _measure(
    experiment: Experiment, system: str, method: str, size: int, archive: Archive, queries: Sequence[Encoded], data: str
) -> None:
    began, building = time.perf_counter(), time.process_time()
    search = METHODS[method](archive)
    built = time.process_time() - building
    values = {"seconds": Value(median_seconds(search, queries)), "build": Value(built)}
    took = time.perf_counter() - began
    data += f", and those trained on, in pieces of {PIECE:g} s, one every {STEP:g} s, in segments of {SEGMENT:g} s"
    setting, more = _setting(method, size), {"segments": len(archive)}
    experiment.results.write(
        Result(TASK, system, setting, values, data, len(queries), experiment.seed, took, experiment.quick, more)
    )


def median_seconds(search: Search, queries: Sequence[Encoded]) -> float:
    """The median CPU seconds of a query for SHORTLIST segments; a first one, which is not counted, warms caches up."""
    search.search(queries[0], SHORTLIST)
    seconds = []
    for query in queries:
        began = time.process_time()
        search.search(query, SHORTLIST)
        seconds.append(time.process_time() - began)
    return float(np.median(seconds))


def asked(words: WordSets, encode: AudioEncoder, experiment: Experiment) -> list[Encoded]:
    """A seeded draw of spoken words.

    Raises:
        EvaluationError: there are none.
    """
    if not words.test:
        raise EvaluationError("the test utterances have no words to ask for: name a larger corpus")
    count = QUICK_QUERIES if experiment.quick else QUERIES
    drawn = np.random.default_rng(experiment.seed).permutation(len(words.test))[:count].tolist()
    return encode(cut([words.test[i] for i in drawn], encode.rate))


def encoded_in_turn(encode: AudioEncoder, utterances: Sequence[Utterance]) -> Iterable[Encoded]:
    """Each utterance as a system represents it, some at a time, as they are asked for."""
    for first in range(0, len(utterances), AT_ONCE):
        yield from encode([u.samples(encode.rate) for u in utterances[first : first + AT_ONCE]])


def pieces(recordings: Iterable[Encoded], frames: int, step: int, count: int) -> list[Encoded]:
    """At most so many pieces of `frames` frames, one every `step` frames; what is left of a recording is left out."""
    found: list[Encoded] = []
    for recording in recordings:
        for start in range(0, len(recording.tokens) - frames + 1, step):
            place = slice(start, start + frames)
            found.append(Encoded(recording.z[place], recording.tokens[place]))
            if len(found) == count:
                return found
    return found
