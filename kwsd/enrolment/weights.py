"""How much each recording of a keyword counts: the farther it is from the others, the less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kwsd.keywords.keyword import Keyword, Template
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.tokenizer import Tokenizer

FEWEST = 3  # templates from which on one can be told from the others
STEEPNESS = 3  # power of the distance with which the weight falls; 2 and 6 are as good
SMALLEST, LARGEST = 0.01, 2.0  # distances that stand for any smaller and any larger one
LEAST = 1e-3  # weight


def weighted(templates: Sequence[Template], scorer: str, tokenizer: Tokenizer) -> list[Template]:
    """The templates with weights; all count in full where there are fewer than FEWEST.

    Args:
        templates: of one keyword, calibrated, see `kwsd.enrolment.calibration`.
        scorer: one of `kwsd.spotting.matching.SCORERS`.
        tokenizer: that made them.
    """
    if len(templates) < FEWEST:
        return [replace(template, weight=1.0) for template in templates]
    apart = _distances(templates, scorer, tokenizer)
    pairs = zip(templates, weights(apart).tolist(), strict=True)
    return [replace(template, weight=weight) for template, weight in pairs]


def weights(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """[n] weights from the distances [n, n] of recordings from each other's templates.

    A recording's own distance is the median of its distances from the others and of theirs from it, so that a bad one
    does not make the good ones look bad. Its weight is 1 up to the median of the others' own distances.
    """
    count = len(apart)
    both = np.clip((apart + apart.T) / 2, SMALLEST, LARGEST)
    own = np.array([np.median(np.delete(both[i], i)) for i in range(count)])
    others = np.array([np.median(np.delete(own, i)) for i in range(count)])
    fallen: NDArray[np.float64] = np.clip((others / own) ** STEEPNESS, LEAST, 1.0)
    return fallen


def _distances(templates: Sequence[Template], scorer: str, tokenizer: Tokenizer) -> NDArray[np.float64]:
    """[n, n] the lowest distance of each template (column) in each recording (row)."""
    alone = [Keyword("", (replace(t, weight=1.0),), 0.0, scorer, tokenizer.digest, "") for t in templates]
    stream = KeywordScorer(scorer, alone, tokenizer.hop, tokenizer.codebook)
    rows = []
    for template in templates:
        stream.reset()
        rows.append(stream.push(template.heard).distance.min(axis=0))
    return np.array(rows)
