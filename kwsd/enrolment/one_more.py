"""What one more recording would bring, from how many misses it avoided where it was measured."""

from __future__ import annotations

# By the recordings there are: mean (geometric) over wake words and short words at their own thresholds, see "Recordings
# enrolled" in docs/benchmarks.md; from 5 recordings on, five more avoid no more than one in ten.
AVOIDED_BESIDE_VOICES = {0: 0.40, 1: 0.30, 2: 0.15}
AVOIDED = {1: 0.40, 2: 0.30, 3: 0.15, 4: 0.15}


def avoided(recordings: int, *, is_said: bool = False) -> float | None:
    """The share of a keyword's misses that one more recording is expected to avoid; None where it is little.

    Args:
        recordings: that there are of people.
        is_said: whether synthetic voices said the phrase besides.
    """
    return (AVOIDED_BESIDE_VOICES if is_said else AVOIDED).get(recordings)
