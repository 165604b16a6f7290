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
MARGIN = 0.08  # by which the phrase is farther than something else where a detection is refused, at least


def excess(vectors: NDArray[np.float32], contrasts: Sequence[Contrast]) -> float:
    """How much farther the phrase is than what is nearest of all that sounds alike; below 0 where it is nearer.

    A text is as far as it is on the average over voices; the distance of a voice is the cost 1 - cos along the best
    alignment, by its length (subsequence DTW, Müller 2007).

    Args:
        vectors: [n, m] of a detection and EDGE around it.
        contrasts: of the keyword, two or more.
    """
    own, *alike = (float(np.mean([_distance(vectors, spoken) for spoken in one.spoken])) for one in contrasts)
    return own - min(alike)


def margin_of(keyword: Keyword) -> float:
    """The excess above which a detection is refused: MARGIN, or more where a recording of the phrase has more."""
    return max([MARGIN, *(excess(template.frames.vectors, keyword.contrasts) for template in keyword.templates)])


def _distance(vectors: NDArray[np.float32], spoken: NDArray[np.float32]) -> float:
    return float(subsequence_dtw(cosine_costs(vectors, spoken))[0].min())
