"""Spoken-term detection (H-QuEST's tables): one spoken word finds the segments of other people's speech that hold it.

Our reading where the paper leaves it open: a segment holds a word if SHARE of the word's time lies in it; segments of
the query's own speaker do not count; every method answers with as many segments as H-QuEST's shortlist holds, and mean
average precision is that of these. Recordings are encoded whole and then cut, as an archive of a stream is.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export.align import loud_span
from export.corpora import registry
from export.corpora.utterance import Excerpt, Utterance, cut
from export.evaluate.archive_search.methods import METHODS
from export.evaluate.archive_search.precision import Problem, Query, measure
from export.evaluate.archive_search.segments import Archive, cut_up, whole
from export.evaluate.data.spoken_words import word_sets
from export.evaluate.encoders import audio_encoder
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment
from export.evaluate.results import Result
from export.systems.system import Encoded

TASK = "spoken-terms"
SYSTEMS = ("tokb", "tokb-batch", "mips", "kwsd")  # whose tokens are searched
TOKENS = 100  # K: H-QuEST's tokens are finer than Wav2Tok's 25, of which nearly every segment holds nearly every one
SEGMENTS = (0.8, 1.0, 1.2)  # seconds
SHARE = 0.7  # of a word's time that must lie in a segment
HOURS = 0.75  # of speech that is searched, so that DTW stays feasible
QUERIES, PER_WORD = 150, 3
PARTS, ASKED, OWN, HELD = 3, 30, 50, 10  # test sets, queries of each, segments of a query, those that hold its word
TAKES = 1000  # recordings of a set of single words
SINGLE = ("dspspeech", "speech-commands")  # sets in which a recording is a document
LEARNT = {"kwsd": ("dspspeech",)}  # systems that were trained on recordings of a set

Row = Mapping[str, str | int | float]  # of a table, without the method
OF_SET: Row = {"set": "librispeech"}


def run(experiment: Experiment) -> None:
    """Measure every system that has a row in H-QuEST's tables, with every method.

    Raises:
        EvaluationError: there are no words to look for, or usearch is missing.
    """
    for system in tqdm([name for name in SYSTEMS if name in experiment.systems], desc=TASK, unit="system"):
        _sentences(experiment, system)
        for corpus in SINGLE if not experiment.quick else ():
            if corpus in experiment.corpora:
                _recordings(experiment, system, corpus)


def _missing(experiment: Experiment, system: str, row: Row) -> list[str]:
    return [method for method in METHODS if not experiment.has(TASK, system, {"method": method, **row})]


def _measure(experiment: Experiment, system: str, problem: Problem, rows: Sequence[Row]) -> None:
    """Every method that is missing in any of these rows, which show the same measurement."""
    for method in (m for m in METHODS if any(m in _missing(experiment, system, row) for row in rows)):
        began = time.perf_counter()
        values = measure(METHODS[method](problem.archive), problem.queries, experiment.seed)
        took = time.perf_counter() - began
        more = {"segments": len(problem.archive), "words": len({q.label for q in problem.queries})}
        for row in rows:
            setting, count = {"method": method, **row}, len(problem.queries)
            experiment.results.write(
                Result(
                    TASK, system, setting, values, problem.data, count, experiment.seed, took, experiment.quick, more
                )
            )


def _sentences(experiment: Experiment, system: str) -> None:
    """Continuous speech, cut into segments of each length."""
    rows: dict[float, list[Row]] = {s: [{"segment": s}, *([OF_SET] if s == 1.0 else [])] for s in SEGMENTS}
    parts: list[Row] = [{"part": part} for part in range(1, PARTS + 1)]
    chosen = (1.0,) if experiment.quick else SEGMENTS
    missing = [
        s for s in chosen if any(_missing(experiment, system, row) for row in [*rows[s], *(parts if s == 1.0 else [])])
    ]
    if not missing:
        return
    words = word_sets(experiment)
    utterances = some(words.test_utterances, HOURS, experiment)
    spoken = queries_of(utterances, words.test, experiment)
    encode = audio_encoder(experiment, system, "speech", tokens=TOKENS)
    recordings = encode([u.samples(encode.rate) for u in utterances])
    encoded = encode(cut(spoken, encode.rate))
    hours = sum(len(r.tokens) for r in recordings) * encode.seconds / 3600
    for seconds in missing:
        archive = cut_up(recordings, round(seconds / encode.seconds))
        holds = Holding(archive, utterances, encode.seconds)
        queries = [
            Query(e.label, q, holds.word(e.label), holds.others(e.speaker))
            for e, q in zip(spoken, encoded, strict=True)
        ]
        data = f"{words.data}; {len(archive)} segments of {seconds:g} s, {hours:.2f} h"
        wanted = [q for q in queries if q.wanted]
        _measure(experiment, system, Problem(archive, wanted, data), rows[seconds])
        if seconds == 1.0:
            for row, asked in zip(parts, with_own_segments(wanted, experiment.seed), strict=True):
                _measure(experiment, system, Problem(archive, asked, f"{data}, of which {OWN} for a query"), [row])


def with_own_segments(queries: Sequence[Query], seed: int) -> list[list[Query]]:
    """PARTS times ASKED queries, or fewer where there are not enough, each allowed only OWN segments."""
    rng = np.random.default_rng([seed, PARTS])
    order = rng.permutation(len(queries)).tolist()
    return [[_own(queries[i], rng) for i in order[part::PARTS][:ASKED]] for part in range(PARTS)]


def _own(query: Query, rng: np.random.Generator) -> Query:
    held = rng.permutation(np.flatnonzero(query.allowed & query.relevant))[:HELD]
    others = rng.permutation(np.flatnonzero(query.allowed & ~query.relevant))[: OWN - len(held)]
    own = np.zeros(len(query.allowed), bool)
    own[np.concatenate([held, others])] = True
    return replace(query, allowed=own)


def _recordings(experiment: Experiment, system: str, corpus: str) -> None:
    """Recordings of single words, each a document; queries are without the silence around them."""
    row: Row = {"set": corpus}
    if not _missing(experiment, system, row):
        return
    takes = draw_takes(registry.read(corpus, experiment.corpora[corpus], experiment.cache), experiment.seed)
    encode = audio_encoder(experiment, system, "speech", tokens=TOKENS)
    samples = [t.samples(encode.rate) for t in takes]
    encoded = encode(samples)
    text, speaker = np.array([t.text for t in takes]), np.array([t.speaker for t in takes])
    drawn = np.random.default_rng(experiment.seed).permutation(len(takes))[:QUERIES].tolist()
    asked = [spoken_part(encoded[i], samples[i], encode.seconds) for i in drawn]
    queries = [
        Query(takes[i].text, spoken, text == text[i], speaker != speaker[i])
        for i, spoken in zip(drawn, asked, strict=True)
    ]
    learnt = ", on which the system was trained" if corpus in LEARNT.get(system, ()) else ""
    data = f"{len(takes)} recordings of {len(set(text))} single words, {corpus}{learnt}"
    _measure(experiment, system, Problem(whole(encoded), [q for q in queries if q.wanted], data), [row])


def spoken_part(encoded: Encoded, samples: NDArray[np.float32], seconds: float) -> Encoded:
    """The frames of a recording [n] at 16 kHz from where it becomes loud to where it no longer is, one at least.

    It is encoded whole: features are without their mean over a recording, which silence is a part of.
    """
    start, end = (round(edge / seconds) for edge in loud_span(samples))
    start = min(start, len(encoded.tokens) - 1)
    place = slice(start, max(end, start + 1))
    return Encoded(encoded.z[place], encoded.tokens[place])


def some(utterances: Sequence[Utterance], hours: float, experiment: Experiment, few: int = 20) -> list[Utterance]:
    """A seeded draw of utterances that last so many hours together, or all; only a few in a quick run."""
    drawn = np.random.default_rng(experiment.seed).permutation(len(utterances)).tolist()
    if experiment.quick:
        return [utterances[i] for i in drawn[:few]]
    ends = np.cumsum([lasting(utterances[i]) for i in drawn])
    return [utterances[i] for i in drawn[: int(np.searchsorted(ends, hours * 3600)) + 1]]


def lasting(utterance: Utterance) -> float:
    """Seconds of an utterance, to the end of its last word where nobody looked."""
    return utterance.seconds or (utterance.words[-1].end if utterance.words else 0.0)


def queries_of(utterances: Sequence[Utterance], pool: Sequence[Excerpt], experiment: Experiment) -> list[Excerpt]:
    """A seeded draw of excerpts of words that are said often enough in these utterances, in the order of the pool.

    Raises:
        EvaluationError: there is none.
    """
    often, speakers, most = (2, 2, 10) if experiment.quick else (5, 3, QUERIES)
    paths = {u.path for u in utterances}
    said: dict[str, list[int]] = defaultdict(list)
    rng = np.random.default_rng(experiment.seed)
    for i in rng.permutation(len(pool)).tolist():
        if pool[i].utterance.path in paths:
            said[pool[i].label].append(i)
    kept = [w for w, s in said.items() if len(s) >= often and len({pool[i].speaker for i in s}) >= speakers]
    # Words are drawn, too: frequent ones would come first.
    words = rng.permutation(sorted(kept)).tolist()
    chosen = sorted([i for word in words for i in said[word][:PER_WORD]][:most])
    if not chosen:
        raise EvaluationError(
            f"no word is said {often} times by {speakers} speakers in the test utterances: name a larger corpus"
        )
    return [pool[i] for i in chosen]


class Holding:
    """Which segments of an archive hold which word, and whose they are."""

    def __init__(self, archive: Archive, utterances: Sequence[Utterance], seconds: float) -> None:
        self.archive, self.seconds = archive, seconds
        self.speaker = np.array([u.speaker for u in utterances])[archive.recording]
        self.said: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
        for recording, utterance in enumerate(utterances):
            for word in utterance.words:
                self.said[word.text].append((recording, word.start, word.end))

    def word(self, text: str) -> NDArray[np.bool_]:
        """[s] segments in which SHARE of the word's time lies, once at least."""
        held = np.zeros(len(self.archive), bool)
        for recording, start, end in self.said[text]:
            first, after = np.searchsorted(self.archive.recording, (recording, recording + 1))
            begins, ends = (edge[first:after] * self.seconds for edge in (self.archive.start, self.archive.end))
            held[first:after] |= np.minimum(ends, end) - np.maximum(begins, start) >= SHARE * (end - start) - 1e-9
        return held

    def others(self, speaker: str) -> NDArray[np.bool_]:
        """[s] segments that other people speak."""
        different: NDArray[np.bool_] = self.speaker != speaker
        return different


def draw_takes(recordings: Sequence[Utterance], seed: int) -> list[Utterance]:
    """A seeded draw of TAKES recordings of a word: of the set's own test part where it has one, of new speakers."""
    spoken = [r for r in recordings if r.text.isalpha()]
    pool = [r for r in spoken if r.split == "test"] or [r for r in spoken if r.split == "dev"] or spoken
    return [pool[i] for i in sorted(np.random.default_rng(seed).permutation(len(pool))[:TAKES].tolist())]
