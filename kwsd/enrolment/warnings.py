"""Warnings about weaknesses of a keyword: too short, few recordings, misses, false alarms."""

from __future__ import annotations

import numpy as np

from kwsd.enrolment.miss_rate import Misses
from kwsd.keywords.keyword import Keyword

TOO_SHORT = 0.45  # seconds; shorter phrases have many false alarms
FEW = 3  # fewer recordings than this are few: one more lowers the miss rate most
UNLIKE = 0.5  # weight below which a recording is named
MANY_ALARMS = 3.0  # false alarms per hour; more are a nuisance


def warnings(keyword: Keyword, missed: Misses | None, alarms: float) -> list[str]:
    """Sentences about the weaknesses of a keyword.

    Args:
        keyword: with its threshold.
        missed: its misses, None for a single recording.
        alarms: expected false alarms per hour.
    """
    found = []
    seconds = float(np.median([t.seconds for t in keyword.templates]))
    if seconds < TOO_SHORT:
        found.append(f"the phrase is short ({seconds:.2f} s): a longer one is missed less and mistaken less")
    people = sum(not t.said for t in keyword.templates)
    if not people:
        found.append(
            "synthetic voices alone said the phrase: people are missed half as often with five recordings of theirs"
        )
    elif len(keyword.templates) < FEW:
        found.append(f"{people} recording(s) are few: add some, by different voices, rooms and moods")
    found += [
        f"{t.recording} is unlike the others and counts {100 * t.weight:.0f} % of a recording: record it again"
        for t in keyword.templates
        if t.weight < UNLIKE and not t.said
    ]
    if missed and missed.count:
        found.append(
            f"{missed.count} of {missed.recordings} recordings would be missed at this threshold: record those again"
        )
    if alarms > MANY_ALARMS:
        found.append(f"about {alarms:.1f} false alarms an hour are to be expected: a lower threshold has fewer")
    return found
