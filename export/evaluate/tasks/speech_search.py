"""Speech search: a spoken word finds the same word said by others (Wav2Tok, eq. 22)."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export.corpora.utterance import Excerpt, cut
from export.evaluate.data.spoken_words import word_sets
from export.evaluate.encoders import audio_encoder
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment
from export.evaluate.matching.distances import MATCHINGS, Distances, searched
from export.evaluate.metrics import mean, reciprocal_ranks
from export.evaluate.results import Result, Value
from export.systems.system import Encoded

TASK = "speech-search"
OFTEN, SPEAKERS = 5, 3  # a keyword is said so often, by so many
WORDS, CLIPS = 49, 900  # at least so many keywords, at most so many clips
QUICK_WORDS, QUICK_CLIPS = 10, 60


def run(experiment: Experiment) -> None:
    """Measure what is missing: a result for every system and every one of MATCHINGS.

    Raises:
        EvaluationError: the test set has too few keywords.
    """
    missing = {system: _missing(experiment, system) for system in experiment.systems}
    if not any(missing.values()):
        return
    sets = word_sets(experiment)
    clips = keyword_clips(sets.test, experiment.seed, experiment.quick)
    sound = cache(lambda rate: cut(clips, rate))
    for system, matchings in tqdm(missing.items(), desc=TASK, unit="system"):
        if matchings:
            _measure(experiment, system, matchings, clips, sound, sets.data)


def _missing(experiment: Experiment, system: str) -> list[str]:
    return [matching for matching in MATCHINGS if not experiment.has(TASK, system, {"matching": matching})]


def keyword_clips(pool: Sequence[Excerpt], seed: int, quick: bool = False) -> list[Excerpt]:
    """The clips of the keywords that a seeded draw keeps, in the order of `pool`.

    Keywords are drawn whole while there is room; of one with more clips than would leave room for WORDS others as
    large, as many as that are drawn.

    Raises:
        EvaluationError: there are fewer than WORDS keywords; a quick run needs only two.
    """
    words, clips, enough = (QUICK_WORDS, QUICK_CLIPS, 2) if quick else (WORDS, CLIPS, WORDS)
    rng = np.random.default_rng(seed)
    frequent = keywords(pool)
    if len(frequent) < enough:
        raise EvaluationError(
            f"speech search needs {enough} words said {OFTEN} times or more by {SPEAKERS} speakers or more, "
            f"and the test set has {len(frequent)}: name a larger corpus"
        )
    kept: list[int] = []
    for word in rng.permutation(sorted(frequent)).tolist()[: words if quick else None]:
        drawn = rng.permutation(frequent[word])[: clips // words].tolist()
        kept += drawn if len(kept) + len(drawn) <= clips else []
    return [pool[i] for i in sorted(kept)]


def keywords(pool: Sequence[Excerpt]) -> dict[str, list[int]]:
    """The words said OFTEN times or more by SPEAKERS speakers or more, and where in the pool each is said."""
    said: dict[str, list[int]] = defaultdict(list)
    for i, excerpt in enumerate(pool):
        said[excerpt.label].append(i)
    return {
        word: places
        for word, places in said.items()
        if len(places) >= OFTEN and len({pool[i].speaker for i in places}) >= SPEAKERS
    }


def _measure(
    experiment: Experiment,
    system: str,
    matchings: Sequence[str],
    clips: Sequence[Excerpt],
    sound: Callable[[int], list[NDArray[np.float32]]],
    data: str,
) -> None:
    encode = audio_encoder(experiment, system, "speech", tokens=25)
    began = time.perf_counter()
    encoded: list[Encoded] = encode(sound(encode.rate))
    encoding = time.perf_counter() - began
    for matching in matchings:
        began = time.perf_counter()
        found, seconds = searched(encoded, encoded, matching)
        values = {**figures(found, clips, experiment.seed), "seconds": Value(seconds)}
        took = encoding + time.perf_counter() - began
        more = {"words": len({clip.label for clip in clips}), "clips": len(clips)}
        setting = {"matching": matching}
        experiment.results.write(
            Result(TASK, system, setting, values, data, len(clips), experiment.seed, took, experiment.quick, more)
        )


def figures(found: Distances, clips: Sequence[Excerpt], seed: int) -> dict[str, Value]:
    """MRR and the share of queries whose nearest clip is right, by the distances [n, n] of clips to each other.

    A query looks only among the clips of other speakers; intervals resample words.
    """
    labels, speakers = np.array([c.label for c in clips]), np.array([c.speaker for c in clips])
    ranks = reciprocal_ranks(found, labels[:, None] == labels, speakers[:, None] != speakers)
    first = np.where(np.isfinite(ranks), ranks == 1, np.nan)
    return {"mrr": mean(ranks, labels.tolist(), seed), "p@1": mean(first, labels.tolist(), seed)}
