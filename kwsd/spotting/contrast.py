"""The contrast of a detection: is it nearer to another text than to the phrase, as the same voices say both?

Two recordings of a phrase by two voices may be farther apart than the phrase and another one by one voice. Here the
same synthetic voices are on both sides, so that what is said makes the difference.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwsd.keywords.keyword import Contrast, Keyword
from kwsd.scorers import cosine_costs, subsequence_dtw

EDGE = 0.12  # s before and after a detection in which an alignment may begin and end
WEIGHT = 2.0  # of the excess, which is added to the distance of a detection

Excess = NDArray[np.float64]


def excess(vectors: NDArray[np.float32], contrasts: Sequence[Contrast]) -> Excess:
    """[texts] how much farther the phrase is than each text that sounds alike; below 0 where the phrase is nearer.

    A text is as far as it is on the average over voices; the distance of a voice is the cost 1 - cos along the best
    alignment, by its length (subsequence DTW, Müller 2007).

    Args:
        vectors: [n, m] of a detection and EDGE around it.
        contrasts: of the keyword, two or more.
    """
    own, *alike = (float(np.mean([_distance(vectors, spoken) for spoken in one.spoken])) for one in contrasts)
    return own - np.array(alike)


def usual_excess(keyword: Keyword) -> Excess:
    """[texts] the highest excess of a recording of the phrase, at least 0; nothing is added for such a recording."""
    found = [excess(template.frames.vectors, keyword.contrasts) for template in keyword.templates]
    most: Excess = np.max([np.zeros(len(keyword.contrasts) - 1), *found], axis=0)
    return most


def penalty(vectors: NDArray[np.float32], contrasts: Sequence[Contrast], usual: Excess) -> float:
    """What is added to the distance of a detection: WEIGHT of the highest excess above the usual one, at least 0."""
    return WEIGHT * max(0.0, float((excess(vectors, contrasts) - usual).max()))


def _distance(vectors: NDArray[np.float32], spoken: NDArray[np.float32]) -> float:
    return float(subsequence_dtw(cosine_costs(vectors, spoken))[0].min())
