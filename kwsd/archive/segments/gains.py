"""What an inner product with a code counts for: its cosine, or a little more where speech was unclear.

Unclear speech is far from every code word, so that the sum of its words is short. It is far from what it is compared
with, too, without being something else; so the cosine with a short sum is raised, as unclear frames are let off when
keywords are spotted, see `kwsd.spotting.matching`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.archive.segments.quantizer import LENGTHS, OLDER_LENGTHS, PLAIN_LENGTHS

USUAL = 0.926  # length of the sum of code words of speech, in the mean
UNCLEAR = 0.3  # share of a cosine by which it is raised for each unit that the sum is shorter than usual


def gains_of(lengths: NDArray[np.floating]) -> NDArray[np.float32]:
    """[n] what inner products with sums of code words of these lengths [n] are multiplied by."""
    gains: NDArray[np.float32] = ((1 + UNCLEAR * (USUAL - lengths)) / lengths).astype(np.float32)
    return gains


GAINS = np.append(np.float32(0), gains_of(LENGTHS))  # to an empty code nothing is near
PLAIN_GAINS = gains_of(PLAIN_LENGTHS)
OLDER_GAINS = gains_of(OLDER_LENGTHS)
