"""Error rates from distances: lowest distances, dips of a track, misses, equal error rate, bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwsd.spotting.score_track import KeywordScorer, ScoreTrack
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

REFRACTORY = 2.0  # seconds between false alarms, as the protocol has it
STRETCH = 1024  # frames scored at a time, so that local costs of many templates fit the memory
RESAMPLES = 2000
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """One row of the table, averaged over words and draws; rates in percent."""

    miss_at_0: float
    miss_at_1: float
    noisy_at_0: float
    noisy_at_1: float
    equal_error: float
    own_miss: float
    own_alarms_per_hour: float


@dataclass(frozen=True)
class Rates:
    """Misses in percent at the thresholds with 0 and with 1 alarms, and misses and alarms at the keyword's own."""

    miss_at_0: float
    miss_at_1: float
    own_miss: float
    own_alarms_per_hour: float


RATE_COLUMNS = ("miss % at 0 alarms", "at 1", "own threshold: miss %", "alarms/h")


@dataclass(frozen=True)
class Average:
    """A mean and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.1f} [{self.low:.1f}, {self.high:.1f}]"


def ratio(tops: ArrayLike, bottoms: ArrayLike, seed: int = 7) -> Average:
    """Sum over sum of what groups [n] bring to each; the interval comes of drawing whole groups with replacement.

    Two groups give no more than the range between them.
    """
    top, bottom = np.asarray(tops, float), np.asarray(bottoms, float)
    picked = np.random.default_rng(seed).integers(len(top), size=(RESAMPLES, len(top)))
    means = top[picked].sum(axis=1) / bottom[picked].sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Average(float(top.sum() / bottom.sum()), float(low), float(high))


def averaged(groups: Iterable[ArrayLike]) -> Average:
    """The mean over all values of all groups, which are words or speakers and are resampled whole."""
    values = [np.asarray(group, float).ravel() for group in groups]
    return ratio([v.sum() for v in values], [len(v) for v in values])


def poisson_interval(mean: float) -> tuple[int, int]:
    """The counts between which 95 % of those lie that come independently at a mean up to 700."""
    counts = np.arange(int(mean + 10 * math.sqrt(mean) + 20))
    logs = counts * math.log(mean) - mean - np.array([math.lgamma(n + 1) for n in counts.tolist()])
    low, high = np.searchsorted(np.cumsum(np.exp(logs)), (0.025, 0.975))
    return int(low), int(high)


def frames_of(tokenizer: Tokenizer, pieces: Iterable[NDArray[np.float32]]) -> Frames:
    """One stream of frames of consecutive pieces of audio."""
    tokenizer.reset()
    parts = [tokenizer.push(piece) for piece in pieces]
    return Frames.join([*parts, tokenizer.flush()])


def lowest(scorer: KeywordScorer, clips: Sequence[Frames]) -> Scores:
    """[clips, keywords] the lowest distance in each clip, each a stream of its own."""
    rows = []
    for frames in clips:
        scorer.reset()
        rows.append(scorer.push(frames).distance.min(axis=0))
    return np.array(rows)


def tracked(scorer: KeywordScorer, frames: Frames) -> ScoreTrack:
    """The track of a long stream, scored a stretch at a time."""
    scorer.reset()
    parts = [scorer.push(frames.part(first, first + STRETCH)) for first in range(0, len(frames), STRETCH)]
    return ScoreTrack(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("time", "distance", "start", "end"))
    )


def dips(distance: Scores, hop: float, count: int = 200) -> Scores:
    """The lowest distances of a track that are at least the refractory time apart, ascending."""
    width, track, found = round(REFRACTORY / hop), distance.copy(), []
    for _ in range(count):
        lowest_at = int(track.argmin())
        found.append(track[lowest_at])
        track[max(0, lowest_at - width) : lowest_at + width + 1] = np.inf
    return np.array(found)


def equal_error(hits: Scores, others: Scores) -> float:
    """The rate at which misses and false accepts are equally frequent."""
    steps = np.sort(np.concatenate([hits, others]))
    misses = 1 - np.searchsorted(np.sort(hits), steps, side="right") / len(hits)
    accepts = np.searchsorted(np.sort(others), steps, side="right") / len(others)
    at = int(np.abs(misses - accepts).argmin())
    return float(misses[at] + accepts[at]) / 2


def misses_at(accepts: float, hits: Scores, others: Scores) -> float:
    """The share of hits missed at the highest threshold that accepts no more than this share of the others."""
    limit = np.sort(others)[int(accepts * len(others))]
    return float(np.mean(hits >= limit))


def rates(hits: Scores, track: Scores, threshold: float, hop: float, hours: float) -> Rates:
    """What a keyword misses and how often it is detected wrongly.

    Args:
        hits: [clips] the lowest distance in each test clip.
        track: [n] distances on the background.
        threshold: the keyword's own.
        hop: seconds from one distance of the track to the next.
        hours: how much of the background is counted.
    """
    alarms = dips(track, hop)
    misses = [100 * float(np.mean(missed)) for missed in (hits >= alarms[0], hits >= alarms[1], hits > threshold)]
    return Rates(misses[0], misses[1], misses[2], float(np.sum(alarms <= threshold)) / hours)


def figures(
    clean: Scores, noisy: Scores, words: Scores, track: Scores, own: NDArray[np.bool_], threshold: float, hop: float
) -> Figures:
    """A keyword's row of the table.

    Args:
        clean, noisy: [clips] the lowest distance in each test clip, without and with noise.
        words: the lowest distance in each clip of another word.
        track: [n] distances on the background.
        own: [clips] which test clips are the keyword.
        threshold: the keyword's own.
        hop: seconds from one distance of the track to the next.
    """
    alarms = dips(track, hop)
    miss = [100 * float(np.mean(s[own] >= alarms[n])) for s in (clean, noisy) for n in (0, 1)]
    error = 100 * equal_error(clean[own], np.concatenate([clean[~own], words]))
    missed = 100 * float(np.mean(clean[own] > threshold))
    return Figures(
        miss[0],
        miss[1],
        miss[2],
        miss[3],
        error,
        missed,
        float(np.sum(alarms <= threshold)) / (len(track) * hop / 3600),
    )
