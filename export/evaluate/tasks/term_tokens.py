"""What H-QuEST loses where: from DTW over vectors to tokens, alignment, shortlist, by the vectors that kwsd ships.

Each step away from DTW over vectors is measured alone, on the segments of 1 s and the words of `spoken_terms`:

* "dtw" over centroids: each vector is replaced by that of its token;
* "aligned": Smith-Waterman over tokens, runs of one once, with every segment;
* "hquest": the same of a shortlist; "tf-idf": the ranking that makes the shortlist.

Codebooks of several sizes are fitted to the background speech that kwsd ships. A query is the word cut out and encoded
alone, or the frames that it has where its sentence is encoded.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export.corpora.utterance import Excerpt, Utterance, cut
from export.evaluate.archive_search.methods import Aligned, BruteForce, Dtw, HQuest
from export.evaluate.archive_search.precision import Query, measure
from export.evaluate.archive_search.segments import cut_up
from export.evaluate.data.spoken_words import word_sets
from export.evaluate.encoders import KWSD, AudioEncoder, audio_encoder
from export.evaluate.experiment import Experiment
from export.evaluate.results import Result
from export.evaluate.tasks.spoken_terms import HOURS, Holding, queries_of, some
from export.systems.codebook import fitted
from export.systems.system import Encoded
from kwsd.tokenizer.background_bank import Bank

TASK = "term-tokens"
SIZES = (51, 100, 512)
ALONE, WITHIN = "cut out", "in its sentence"
VECTORS = "vectors"
SECONDS = 1.0  # of a segment
EVERY = 3  # of the queries of `spoken_terms`, one is asked
HEARD = 0.7  # hours of each kind of background speech that frames are drawn from
FRAMES = 20_000  # of background speech that a codebook is fitted to
METHODS: Mapping[str, type[Dtw | Aligned | HQuest | BruteForce]] = {
    "dtw": Dtw,
    "aligned": Aligned,
    "hquest": HQuest,
    "tf-idf": BruteForce,
}

Setting = dict[str, str | int | float]


def run(experiment: Experiment) -> None:
    """Measure what is missing; nothing where the tokenizer of kwsd is not among the systems.

    Raises:
        EvaluationError: there are no words to look for, or usearch is missing.
    """
    missing = [s for s in _settings() if not experiment.has(TASK, KWSD, s)]
    if KWSD not in experiment.systems or not missing:
        return
    sets = word_sets(experiment)
    utterances = some(sets.test_utterances, HOURS, experiment)
    spoken = queries_of(utterances, sets.test, experiment)[::EVERY]
    encode = audio_encoder(experiment, KWSD, "speech")
    recordings = encode([u.samples(encode.rate) for u in utterances])
    asked = {
        ALONE: encode(cut(spoken, encode.rate)),
        WITHIN: [_within(e, utterances, recordings, encode) for e in spoken],
    }
    books = _codebooks(experiment)
    for setting in tqdm(missing, desc=TASK, unit="row"):
        began = time.perf_counter()
        book = books.get(str(setting["tokens"]))
        archive = cut_up([quantized(r, book) for r in recordings], round(SECONDS / encode.seconds))
        holding = Holding(archive, utterances, encode.seconds)
        queries = [
            Query(e.label, quantized(q, book), holding.word(e.label), holding.others(e.speaker))
            for e, q in zip(spoken, asked[str(setting["query"])], strict=True)
        ]
        search = METHODS[str(setting["method"])](archive)
        values = {"map": measure(search, [q for q in queries if q.wanted], experiment.seed)["map"]}
        took, data = time.perf_counter() - began, f"{sets.data}; {len(archive)} segments of {SECONDS:g} s"
        experiment.results.write(
            Result(TASK, KWSD, setting, values, data, len(queries), experiment.seed, took, experiment.quick)
        )


def _settings() -> Iterator[Setting]:
    for query in (ALONE, WITHIN):
        yield {"method": "dtw", "query": query, "tokens": VECTORS}
        for method, size in product(METHODS, SIZES):
            yield {"method": method, "query": query, "tokens": f"{size} tokens"}


def quantized(encoded: Encoded, centroids: NDArray[np.float32] | None) -> Encoded:
    """A recording with the nearest of unit centroids [K, m] in place of its vectors; itself without centroids."""
    if centroids is None:
        return encoded
    tokens = (encoded.z @ centroids.T).argmax(axis=1).astype(np.int32)
    return Encoded(centroids[tokens], tokens)


def _within(
    word: Excerpt, utterances: Sequence[Utterance], recordings: Sequence[Encoded], encode: AudioEncoder
) -> Encoded:
    """The frames that a word has where its sentence is encoded, one at least."""
    whole = recordings[next(i for i, u in enumerate(utterances) if u.path == word.utterance.path)]
    start = min(round(word.start / encode.seconds), len(whole.tokens) - 1)
    place = slice(start, max(start + 1, round(word.end / encode.seconds)))
    return Encoded(whole.z[place], whole.tokens[place])


def _codebooks(experiment: Experiment) -> dict[str, NDArray[np.float32]]:
    """Unit centroids by the names of the columns."""
    rng = np.random.default_rng(experiment.seed)
    vectors = Bank.shipped().beginning(HEARD).vectors
    x = vectors[rng.permutation(len(vectors))[:FRAMES]]
    return {f"{size} tokens": fitted(x, size, rng) for size in SIZES}
