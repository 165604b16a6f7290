"""What in each recording is the phrase: of all that may be, that on which the recordings agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwsd.enrolment.template import Reading, Take
from kwsd.keywords.keyword import Template
from kwsd.scorers import dtw

ALIKE = 0.6  # DTW distance below which two stretches of speech say the same; half of such pairs are below 0.4
STAYING = 1.5  # frames without distance that another reading than the likeliest must gain
SWEEPS = 3  # times that every recording is compared with the others anew, at most

Vectors = NDArray[np.float32]


def agreed(takes: Sequence[Take], known: Sequence[Template] = ()) -> list[Reading]:
    """The reading of each recording on which the recordings agree.

    Two readings agree by the frames of both times what their DTW distance lacks to ALIKE, so that it is good to have
    more of the phrase and bad to have what the other has not. A reading is judged by the half of the others with which
    it agrees best, because some may be of something else.

    Args:
        takes: recordings of one phrase.
        known: templates of the same phrase.
    """
    choices = [[reading.vectors for reading in take.readings] for take in takes]
    chosen = [0] * len(takes)
    for _ in range(SWEEPS):
        before = list(chosen)
        for one, readings in enumerate(choices):
            others = [choices[i][chosen[i]] for i in range(len(choices)) if i != one]
            others += [template.frames.vectors for template in known]
            if others and len(readings) > 1:
                chosen[one] = _best(readings, others)
        if chosen == before:
            break
    return [take.readings[i] for take, i in zip(takes, chosen, strict=True)]


def _best(readings: Sequence[Vectors], others: Sequence[Vectors]) -> int:
    agreement = [_agreement(reading, others) for reading in readings]
    agreement[0] += STAYING
    return int(np.argmax(agreement))


def _agreement(reading: Vectors, others: Sequence[Vectors]) -> float:
    """Frames without distance that a reading has in common with another, for the better half of the others."""
    each = [(ALIKE - dtw(reading, other)) * (len(reading) + len(other)) / 2 for other in others]
    return float(np.mean(sorted(each, reverse=True)[: (len(each) + 1) // 2]))
