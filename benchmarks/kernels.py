"""The kernels against their peers and against recomputed windows: `python -m benchmarks.kernels`.

Needs the extra `bench`. All rivals do the same work on the same speech in the same process, in turns; a figure is the
median over the turns, of processor time, so that whatever else the machine does counts little.
"""

from __future__ import annotations

import string
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import header
from benchmarks.tables import row as table_row
from kwsd.enrolment.calibration import HOURS
from kwsd.errors import KwsdError
from kwsd.scorers import (
    PackedVectors,
    SubsequenceDTW,
    WindowedDTW,
    WindowedEditDistance,
    compress,
    cosine_costs,
    dtw,
    dtw_costs,
    edit_distance,
    edit_distances,
    reference,
    smith_waterman,
    smith_waterman_each,
    substitution_costs,
)
from kwsd.tokenizer.background_bank import Bank

SEED = 7
TURNS = 11
DIMENSIONS, TOKENS = 64, 256  # of made-up speech
TEMPLATE, RATE = 20, 25  # frames, frames a second
MATCH, MISMATCH, GAP = 2, -1, -2  # H-QuEST, eq. 6
COST_FRAMES, COST_COLUMNS = (1, 2, 25, 64, 1024), (1, 5, 20, 50, 100, 1000, 5000)
LETTERS = string.ascii_letters + string.digits
Vectors = NDArray[np.float32]
Tokens = NDArray[np.int32]
Task = Callable[[], object]
Streaming = SubsequenceDTW | WindowedDTW | WindowedEditDistance
STREAMING = (SubsequenceDTW, WindowedDTW, WindowedEditDistance)


@dataclass(frozen=True)
class Rival:
    """A way to do a row's work."""

    name: str
    task: Task


@dataclass(frozen=True)
class Row:
    """A piece of work, how often one run of a task does it, and who does it; ours first."""

    work: str
    times: int
    rivals: tuple[Rival, ...]


@dataclass(frozen=True)
class Speech:
    """Consecutive frames [n] to take sequences from."""

    vectors: Vectors
    tokens: Tokens

    def draw(self, random: np.random.Generator, frames: int) -> Vectors:
        """The vectors of a stretch somewhere."""
        first = random.integers(len(self.vectors) - frames)
        return self.vectors[first : first + frames]

    def draw_runs(self, random: np.random.Generator, runs: int) -> Tokens:
        """The compressed tokens of a stretch somewhere."""
        compressed = compress(self.tokens)[0]
        first = random.integers(len(compressed) - runs)
        return np.ascontiguousarray(compressed[first : first + runs])


def speech() -> Speech:
    """The shipped background speech, or, where there is none, a random walk on the sphere, and says so."""
    try:
        bank = Bank.shipped().beginning(HOURS)
    except KwsdError as error:
        click.echo(f"No real speech ({error}): a random walk on the sphere instead.\n")
        return random_walk(np.random.default_rng(SEED))
    return Speech(bank.vectors, bank.tokens)


def random_walk(random: np.random.Generator, frames: int = 20_000) -> Speech:
    """Unit vectors of which neighbours are alike, and the nearest of random centroids as tokens."""
    steps = random.standard_normal((frames, DIMENSIONS)).astype(np.float32)
    for i in range(1, frames):
        steps[i] += np.float32(0.8) * steps[i - 1]
    vectors = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    codebook = vectors[random.choice(frames, TOKENS, replace=False)]
    return Speech(vectors, (vectors @ codebook.T).argmax(axis=1).astype(np.int32))


def edit_row(heard: Speech, random: np.random.Generator, n: int, m: int, pairs: int = 300) -> Row:
    """One to one; rapidfuzz gets text, its fastest input, made beforehand, and the arrays that we take."""
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - the extra "bench"

    drawn = [(heard.draw_runs(random, n), heard.draw_runs(random, m)) for _ in range(pairs)]
    texts = [(text(a), text(b)) for a, b in drawn]
    assert [edit_distance(*pair) for pair in drawn] == [Levenshtein.distance(*pair) for pair in texts]
    return Row(
        f"edit distance, {n} and {m} tokens",
        pairs,
        (
            Rival("kwsd, int32 arrays", partial(for_each, edit_distance, drawn)),
            Rival("rapidfuzz, text", partial(for_each, Levenshtein.distance, texts)),
            Rival("rapidfuzz, int32 arrays", partial(for_each, Levenshtein.distance, drawn)),
        ),
    )


def batch_row(heard: Speech, random: np.random.Generator, queries: int, others: int) -> Row:
    """Many to many, 12 and 14 tokens."""
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415
    from rapidfuzz.process import cdist  # noqa: PLC0415

    asked = [heard.draw_runs(random, 12) for _ in range(queries)]
    stored = [heard.draw_runs(random, 14) for _ in range(others)]
    together, lengths = np.concatenate(stored), np.full(others, 14, np.int32)
    texts = [text(a) for a in asked], [text(b) for b in stored]
    return Row(
        f"edit distance, 12 and 14 tokens, {queries} to {others:,}",
        queries * others,
        (
            Rival("kwsd", lambda: [edit_distances(a, together, lengths) for a in asked]),
            Rival("rapidfuzz", lambda: cdist(*texts, scorer=Levenshtein.distance)),
        ),
    )


def alignment_row(heard: Speech, random: np.random.Generator, n: int, m: int, pairs: int = 100) -> Row:
    """One with one."""
    drawn = [(heard.draw_runs(random, n), heard.draw_runs(random, m)) for _ in range(pairs)]
    scores = [float(smith_waterman(*pair).score) for pair in drawn]
    ours = Rival("kwsd: score, starts and ends", partial(for_each, smith_waterman, drawn))
    return Row(f"local alignment, {n} and {m:,} tokens", pairs, (ours, *alignment_peers(drawn, scores)))


def alignments_row(heard: Speech, random: np.random.Generator, n: int, others: int) -> Row:
    """One with many of 20 to 400 tokens."""
    query = heard.draw_runs(random, n)
    stored = [heard.draw_runs(random, int(m)) for m in random.integers(20, 401, others)]
    together, lengths = np.concatenate(stored), np.array([len(b) for b in stored], np.int32)
    scores = smith_waterman_each(query, together, lengths)[0].astype(float).tolist()
    ours = Rival("kwsd: score, start and end", lambda: smith_waterman_each(query, together, lengths))
    peers = alignment_peers([(query, b) for b in stored], scores)
    return Row(f"local alignment, {n} tokens with {others:,} times 20 to 400", others, (ours, *peers))


def alignment_peers(drawn: list[tuple[Tokens, Tokens]], scores: list[float]) -> tuple[Rival, ...]:
    """The peers for these pairs; parasail gets text and a profile of the query, its fastest input, made beforehand."""
    import parasail  # noqa: PLC0415
    from Bio.Align import PairwiseAligner  # noqa: PLC0415

    matrix = parasail.matrix_create(LETTERS, MATCH, MISMATCH, True)
    profiles = {a.tobytes(): parasail.profile_create_16(spelt(a, a), matrix) for a, _ in drawn}
    texts = [(profiles[a.tobytes()], spelt(a, b)) for a, b in drawn]
    aligner: Any = PairwiseAligner(mode="local", match_score=MATCH, mismatch_score=MISMATCH, gap_score=GAP)  # type: ignore[no-untyped-call]

    def end(profile: object, other: str) -> tuple[float, int]:
        found = parasail.sw_striped_profile_16(profile, other, -GAP, -GAP)
        return found.score, found.end_ref + 1

    def starts_and_ends(profile: object, other: str) -> tuple[float, int, int, int, int]:
        found = parasail.sw_trace_striped_profile_16(profile, other, -GAP, -GAP)
        first = found.cigar
        # parasail says -32768 where nothing matches.
        return max(found.score, 0), first.beg_query, found.end_query + 1, first.beg_ref, found.end_ref + 1

    assert [aligner.score(*pair) for pair in drawn] == [starts_and_ends(*pair)[0] for pair in texts] == scores
    # With a gap that costs as much to open as to extend, this one of parasail's misses a better alignment now and then.
    short = sum(end(*pair)[0] < score for pair, score in zip(texts, scores, strict=True))
    return (
        Rival(f"parasail, striped: score and end, {short} of {len(texts):,} wrong", partial(for_each, end, texts)),
        Rival("parasail, trace: score, starts and ends", partial(for_each, starts_and_ends, texts)),
        Rival("Biopython: score", partial(for_each, aligner.score, drawn)),
        Rival("Biopython: score, starts and ends", partial(for_each, partial(coordinates, aligner), drawn)),
    )


def coordinates(aligner: Any, query: Tokens, other: Tokens) -> tuple[float, object]:
    """What Biopython finds first, where anything matches."""
    found = aligner.align(query, other)
    return found.score, found[0].coordinates if found.score else None


def spelt(query: Tokens, tokens: Tokens) -> str:
    """Text with a letter for each of the query's tokens, and one for all others, so that the alphabet is small."""
    letters = dict(zip(np.unique(query).tolist(), LETTERS[1:], strict=False))
    return "".join(letters.get(token, LETTERS[0]) for token in tokens.tolist())


def dtw_row(heard: Speech, random: np.random.Generator, n: int, m: int, band: int | None, pairs: int = 100) -> Row:
    """One to one over vectors; dtaidistance gets the float64 that it takes, made beforehand."""
    from dtaidistance.dtw_ndim import distance_fast  # noqa: PLC0415

    drawn = [(heard.draw(random, n), heard.draw(random, m)) for _ in range(pairs)]
    doubles = [(a.astype(np.float64), b.astype(np.float64)) for a, b in drawn]
    window = None if band is None else band + abs(n - m)
    return Row(
        f"DTW, {n} and {m} vectors of {heard.vectors.shape[1]}" + ("" if band is None else f", band of {band}"),
        pairs,
        (
            Rival("kwsd", partial(for_each, partial(dtw, band=band), drawn)),
            Rival("dtaidistance, C", partial(for_each, partial(distance_fast, window=window), doubles)),
        ),
    )


def stream_rows(heard: Speech, random: np.random.Generator, frames: int = 100, templates: int = 20) -> Iterator[Row]:
    """A few templates, a frame at a time, against the closed kernels (or the twin) on every window anew."""
    stream, runs = heard.draw(random, frames), heard.draw_runs(random, frames)
    costs = [cosine_costs(stream, heard.draw(random, TEMPLATE)) for _ in range(templates)]
    wanted = [heard.draw_runs(random, TEMPLATE) for _ in range(templates)]
    substitution = substitution_costs(random.standard_normal((heard.tokens.max() + 1, 8)).astype(np.float32))
    priced = substitution[runs][:, np.concatenate(wanted)]
    lengths = np.full(templates, TEMPLATE, np.int32)
    side_by_side = np.concatenate(costs, axis=1)
    times = frames * templates
    yield Row(
        f"eq. 19 by DTW, a frame of stream and a template of {TEMPLATE}",
        times,
        (
            Rival("kwsd, streaming", lambda: push_all(WindowedDTW(lengths), side_by_side, 1)),
            Rival("kwsd, each window anew", lambda: [dtw_costs(c[w]) for c in costs for w in windows(frames)]),
        ),
    )
    yield Row(
        f"eq. 19 by weighted edit distance, a token of stream and a template of {TEMPLATE}",
        times,
        (
            Rival("kwsd, streaming", lambda: push_all(WindowedEditDistance(lengths), priced, 1)),
            Rival(
                "kwsd, each window anew",
                lambda: [edit_distance(runs[w], other, substitution) for other in wanted for w in windows(frames)],
            ),
        ),
    )
    yield Row(
        f"subsequence DTW, a frame of stream and a template of {TEMPLATE}",
        times,
        (
            Rival("kwsd, streaming", lambda: push_all(SubsequenceDTW(lengths), side_by_side, 1)),
            Rival("kwsd, Python twin", lambda: [reference.subsequence_dtw(c) for c in costs]),
        ),
    )


def load_rows(heard: Speech, random: np.random.Generator, templates: int, seconds: int = 4) -> Iterator[Row]:
    """Many templates, two frames at a time, as `listen` pushes them."""
    stream = heard.draw(random, seconds * RATE)
    stacked = np.concatenate([heard.draw(random, TEMPLATE) for _ in range(templates)])
    costs = cosine_costs(stream, stacked)
    lengths = np.full(templates, TEMPLATE, np.int32)
    packed, across = PackedVectors(stacked), np.ascontiguousarray(stacked.T)
    pairs = np.split(stream, len(stream) // 2)
    tasks = [(s.__name__, partial(push_all, s(lengths), costs, 2)) for s in STREAMING]
    yield Row(
        f"a second of stream and {templates} templates of {TEMPLATE}",
        seconds,
        (
            *(Rival(f"kwsd, {name}", task) for name, task in tasks),
            Rival("kwsd, the cosine costs", lambda: [packed.cosine_costs(pair) for pair in pairs]),
            Rival("numpy, the cosine costs", lambda: [np.float32(1) - pair @ across for pair in pairs]),
        ),
    )


def cost_row(heard: Speech, random: np.random.Generator, frames: int, columns: int) -> Row:
    """Local costs alone, the template packed beforehand as the spotter does; the BLAS product may add in any order."""
    stream, template = heard.draw(random, frames), heard.draw(random, columns)
    packed, times = PackedVectors(template), max(1, 200_000 // (frames * columns))
    assert np.allclose(packed.cosine_costs(stream), np.float32(1) - stream @ template.T, atol=1e-5)
    return Row(
        f"cosine costs, {frames:,} frames and {columns:,} template frames of {stream.shape[1]}",
        times,
        (
            Rival("kwsd", lambda: repeat(partial(packed.cosine_costs, stream), times)),
            Rival("numpy's BLAS", lambda: repeat(lambda: np.float32(1) - stream @ template.T, times)),
        ),
    )


def repeat(task: Task, times: int) -> None:
    """Runs it so many times."""
    for _ in range(times):
        task()


def text(tokens: Tokens) -> str:
    """Tokens as characters."""
    return "".join(map(chr, tokens))


def for_each(function: Callable[..., object], pairs: Sequence[tuple[object, object]]) -> None:
    """Calls it once a pair."""
    for a, b in pairs:
        function(a, b)


def windows(frames: int) -> Iterator[slice]:
    """The windows of eq. 19 at each frame of a stream."""
    for end in range(1, frames + 1):
        for length in (TEMPLATE // 2, TEMPLATE, 2 * TEMPLATE):
            if length <= end:
                yield slice(end - length, end)


def push_all(scorer: Streaming, costs: Vectors, frames: int) -> None:
    """Pushes so many frames at a time."""
    for i in range(0, len(costs), frames):
        scorer.push(costs[i : i + frames])


def seconds_of(task: Task) -> float:
    """Processor time of one run."""
    before = time.process_time()
    task()
    return time.process_time() - before


def measured(row: Row, turns: int) -> list[float]:
    """Microseconds of each rival for the work once: the median over turns."""
    taken = [[seconds_of(rival.task) for rival in row.rivals] for _ in range(turns)]
    return [median(times) / row.times * 1e6 for times in zip(*taken, strict=True)]


def lines(row: Row, turns: int) -> Iterator[str]:
    """The table's lines for a row: microseconds, and how many times the first rival's."""
    taken = measured(row, turns)
    for rival, microseconds in zip(row.rivals, taken, strict=True):
        yield table_row((row.work, rival.name, f"{microseconds:.3g}", f"{microseconds / taken[0]:.2f}"))


@click.command()
@click.option("--turns", default=TURNS, show_default=True, help="How often everything is measured.")
@click.option("--keywords", default=100, show_default=True, help="Keywords of 5 templates in the load test.")
def main(turns: int, keywords: int) -> None:
    """Print a Markdown table of microseconds."""
    heard, random = speech(), np.random.default_rng(SEED)
    rows = [
        *(edit_row(heard, random, n, m) for n, m in ((12, 14), (40, 50), (80, 100))),
        *(batch_row(heard, random, queries, others) for queries, others in ((1, 10_000), (50, 2_000))),
        dtw_row(heard, random, 20, 25, None),
        dtw_row(heard, random, 50, 60, 5),
        *(cost_row(heard, random, n, k) for n in COST_FRAMES for k in COST_COLUMNS),
        *stream_rows(heard, random),
        *load_rows(heard, random, 5 * keywords),
        *(alignment_row(heard, random, n, m) for n, m in ((20, 200), (20, 10_000))),
        *(alignments_row(heard, random, n, others) for n, others in ((10, 50), (20, 50), (20, 2_000), (40, 2_000))),
    ]
    click.echo(header(("work", "by", "µs", "times the first"), numbers=2))
    for row in rows:
        for line in lines(row, turns):
            click.echo(line)


if __name__ == "__main__":
    main()
