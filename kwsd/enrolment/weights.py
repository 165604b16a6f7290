"""How much each recording of a keyword counts: hardly, if other speech comes as near to the others as it does.

What synthetic voices said counts less than what people recorded: together as much as SAID recordings of people. Both
are compared with the recordings of people where these are not too few; synthetic voices do not judge people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from kwsd.enrolment.false_alarms import SEPARATION, lowest_places
from kwsd.keywords.keyword import Keyword, Template
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.background_bank import STRETCH, Bank
from kwsd.tokenizer.tokenizer import Tokenizer

FEWEST = 3  # templates from which on one can be told from the others
MINUTES = 10  # of the bank, which show how near other speech comes
COUNTS = (0.25, 1.0)  # standard deviations nearer than other speech: up to which a recording hardly counts, and in full
COUNTS_BY_VECTORS = (0.75, 1.15)  # the same for vectors, of which unclear ones cost less: all recordings are nearer
BY_VECTORS = ("subsequence", "dtw")
LEAST = 1e-3  # weight
SAID = 1.0  # recordings of people as which those of synthetic voices count together, at most: benchmarks.said_weights

Scores = NDArray[np.float64]


def weighted(templates: Sequence[Template], scorer: str, tokenizer: Tokenizer, bank: Bank) -> list[Template]:
    """The templates with weights; all count in full where there are fewer than FEWEST.

    Args:
        templates: of one keyword, calibrated, see `kwsd.enrolment.calibration`.
        scorer: one of `kwsd.spotting.matching.SCORERS`.
        tokenizer: that made them.
        bank: background speech.
    """
    if len(templates) < FEWEST:
        return [replace(template, weight=1.0) for template in templates]
    alone = [Keyword("", (replace(t, weight=1.0),), 0.0, scorer, tokenizer.digest, "") for t in templates]
    stream = KeywordScorer(scorer, alone, tokenizer.hop, tokenizer.codebook)
    said = np.array([bool(template.said) for template in templates])
    counts = COUNTS_BY_VECTORS if scorer in BY_VECTORS else COUNTS
    found = weights(_nearness(stream, templates, bank), counts, said)
    return [replace(template, weight=weight) for template, weight in zip(templates, found.tolist(), strict=True)]


def weights(nearness: Scores, counts: tuple[float, float], said: NDArray[np.bool_] | None = None) -> Scores:
    """[n] weights from how near each recording (row) comes to the template of each (column), [n, n].

    The nearness of two recordings is the mean of both ways; a recording is as near as it is to half of the others, so
    that a bad one does not make the good ones look bad.

    Args:
        nearness: standard deviations by which the distance is below the usual one of other speech.
        counts: the nearness up to which a recording hardly counts, and that from which on it counts in full.
        said: [n] which recordings are by synthetic voices; none of them if None.
    """
    synthetic = np.zeros(len(nearness), bool) if said is None else said
    both = (nearness + nearness.T) / 2
    own = np.array([_median_to_others(both[i], synthetic, i) for i in range(len(both))])
    nothing, full = counts
    counted: Scores = np.clip((own - nothing) / (full - nothing), LEAST, 1.0)
    if synthetic.any() and not synthetic.all():
        counted[synthetic] *= min(1.0, SAID / synthetic.sum())
    return counted


def _median_to_others(row: Scores, said: NDArray[np.bool_], i: int) -> float:
    """How near a recording is to half of the others; infinite for one of a person beside too few of other people."""
    others = np.arange(len(row)) != i
    if (~said).sum() >= FEWEST:
        others &= ~said
    elif said.any() and not said[i]:
        return np.inf
    return float(np.median(row[others]))


def _nearness(stream: KeywordScorer, templates: Sequence[Template], bank: Bank) -> Scores:
    parts = islice(bank.frames(), round(MINUTES * 60 / bank.hop / STRETCH))
    track = np.concatenate([stream.push(frames).distance for frames in parts])
    low = [column[lowest_places(column, round(SEPARATION / bank.hop))] for column in track.T]
    usual = np.array([minima.mean() for minima in low])
    deviation = np.array([max(minima.std(), 1e-6) for minima in low])
    rows = []
    for template in templates:
        stream.reset()
        rows.append(stream.push(template.heard).distance.min(axis=0))
    near: Scores = (usual - np.array(rows)) / deviation
    return near
