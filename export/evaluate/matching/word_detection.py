"""Detection of a keyword in utterances of known words, word by word (Wav2Tok, eq. 19, appendix C).

Each word of an utterance is an item to be classified: the keyword or another word, detected or not.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.evaluate.metrics import ratio
from export.evaluate.results import Value
from export.systems.system import Encoded
from kwsd.enrolment.threshold import typical
from kwsd.scorers import WindowedDTW, WindowedEditDistance, compress, cosine_costs

MATCHINGS = ("dtw", "edit, compressed")
LATE = 0.2  # seconds after a word within which a match still is one of that word


@dataclass(frozen=True)
class WordScores:
    """The distances of the words of utterances to the template, one word after another.

    Attributes:
        lowest: [n] the lowest s_t during each word, infinite where no window ends in it.
        found: [n] the lowest among those s_t that are detections if the threshold allows; infinite where none is.
        hit: [n] bool, whether it is the keyword.
        keyword: [n] a number for the keyword that is looked for.
        seconds: [u] CPU time that matching each utterance took.
    """

    lowest: NDArray[np.float64]
    found: NDArray[np.float64]
    hit: NDArray[np.bool_]
    keyword: NDArray[np.int64]
    seconds: NDArray[np.float64]

    @classmethod
    def join(cls, parts: Sequence[WordScores]) -> WordScores:
        """Those of several utterances, each about a keyword of its own."""
        numbers = [np.full(len(part.hit), i) for i, part in enumerate(parts)]
        return cls(
            np.concatenate([part.lowest for part in parts]),
            np.concatenate([part.found for part in parts]),
            np.concatenate([part.hit for part in parts]),
            np.concatenate(numbers),
            np.concatenate([part.seconds for part in parts]),
        )


def track(template: Encoded, stream: Encoded, matching: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """s_t [m] for each window's end, and the frame [m] after it; infinite until a window fits (Wav2Tok, eq. 19).

    Windows are 0.5 T, T and 2 T frames, or, by edit distance, runs of one token.
    """
    if matching == "dtw":
        distance, _ = WindowedDTW([len(template.z)]).push(cosine_costs(stream.z, template.z))
        return distance[:, 0].astype(float), np.arange(1, len(distance) + 1)
    wanted, (tokens, _, ends) = compress(template.tokens)[0], compress(stream.tokens)
    costs = (tokens[:, None] != wanted).astype(np.float32)
    distance, _ = WindowedEditDistance([len(wanted)]).push(costs)
    return distance[:, 0].astype(float), ends


def minima(distance: NDArray[np.float64], ends: NDArray[np.int64], apart: int) -> NDArray[np.intp]:
    """Local minima [k], the lowest first; none ends within `apart` frames of a lower one, or of an earlier equal."""
    around = np.concatenate([[np.inf], distance, [np.inf]])
    low = np.flatnonzero(np.isfinite(distance) & (distance <= around[:-2]) & (distance <= around[2:]))
    kept: list[int] = []
    free = np.ones(len(distance), bool)
    for i in low[np.argsort(distance[low], kind="stable")].tolist():
        if free[i]:
            kept.append(i)
            free &= np.abs(ends - ends[i]) >= apart
    return np.array(kept, np.intp)


def word_scores(
    template: Encoded,
    stream: Encoded,
    matching: str,
    words: tuple[NDArray[np.float64], NDArray[np.bool_]],
    hop: float,
    lag: float = 0.0,
) -> WordScores:
    """What matching a template with an utterance finds in each of its words.

    Args:
        template, stream: as a system encodes them.
        matching: one of MATCHINGS.
        words: [n] seconds at which each word ends, and whether it is the keyword.
        hop: seconds from frame to frame.
        lag: seconds by which the template's frames outlast its recording, as those of an encoder with a delay do.
    """
    until, hit = words
    began = time.process_time()
    distance, ends = track(template, stream, matching)
    seconds = time.process_time() - began
    word = np.minimum(np.searchsorted(until + LATE, ends * hop - lag), len(until) - 1)
    lowest, found = np.full(len(until), np.inf), np.full(len(until), np.inf)
    np.minimum.at(lowest, word, distance)
    detected = minima(distance, ends, len(template.z))
    np.minimum.at(found, word[detected], distance[detected])
    return WordScores(lowest, found, hit, np.zeros(len(until), np.int64), np.array([seconds]))


def threshold(scores: WordScores, matching: str) -> float:
    """(m_hit + m_no-hit) / 2, of means for DTW and of modes for edit distance (Wav2Tok, appendix C).

    Minus infinity where no window ends in any hit, or in any other word, as with a system that has but one token.
    """
    reached = np.isfinite(scores.lowest)
    sides = [scores.lowest[reached & (scores.hit == hit)] for hit in (True, False)]
    if not all(len(side) for side in sides):
        return -np.inf
    return sum(typical(side, "dtw" if matching == "dtw" else "edit") for side in sides) / 2


def best_threshold(scores: WordScores) -> float:
    """The lowest of the thresholds with the highest F1 for these words; minus infinity if nothing is found."""
    order = np.argsort(scores.found, kind="stable")
    distance, right = scores.found[order], np.cumsum(scores.hit[order])
    last = np.append(distance[:-1] < distance[1:], True) & np.isfinite(distance)
    if not last.any():
        return -np.inf
    f1 = 2 * right / (np.arange(1, len(order) + 1) + scores.hit.sum())
    return float(distance[np.where(last, f1, -1).argmax()])


def figures(scores: WordScores, limit: float, seed: int) -> dict[str, Value]:
    """Accuracy, precision, recall and F1 of all words at a threshold; precision is NaN where nothing is found."""
    said, hit = scores.found <= limit, scores.hit
    right = said & hit
    keys = scores.keyword.tolist()
    return {
        "accuracy": ratio(said == hit, np.ones(len(hit)), keys, seed),
        "precision": ratio(right, said, keys, seed),
        "recall": ratio(right, hit, keys, seed),
        "f1": ratio(2 * right, said.astype(int) + hit, keys, seed),
    }
