"""What to expect of every threshold of a keyword: false alarms per hour, and which recordings it would miss."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from kwsd.enrolment.false_alarms import false_alarm_model
from kwsd.enrolment.outliers import leave_one_out, of_people
from kwsd.keywords.keyword import Keyword
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer

POINTS = 121
MOST = 60.0  # false alarms per hour at the largest threshold that is offered, at least


@dataclass(frozen=True)
class Curve:
    """False alarms against thresholds.

    Attributes:
        thresholds: [n] ascending, from 0.
        alarms: [n] false alarms per hour to expect at each.
        distances: of each recording from the keyword made of the others; none for a single recording, and none of
            synthetic voices.
    """

    thresholds: list[float]
    alarms: list[float]
    distances: list[float]


def curve_of(keyword: Keyword, tokenizer: Tokenizer, bank: Bank) -> Curve:
    """The curve of a keyword without its negatives, which take false alarms away; the tokenizer is of its model.

    Raises:
        ModelError: the bank was made with another model, or is too short.
    """
    bank.check_model(tokenizer.digest)
    alone = replace(keyword, negatives=())
    hits = leave_one_out(alone, tokenizer)
    model = false_alarm_model(alone, bank, tokenizer)
    distances = [one for one in of_people(alone, hits) if math.isfinite(one)]
    top = max(model.threshold(MOST), 1.1 * keyword.threshold, *(1.1 * one for one in distances))
    thresholds = np.linspace(0, top, POINTS).tolist()
    return Curve(thresholds, [model.alarms_per_hour(one) for one in thresholds], distances)
