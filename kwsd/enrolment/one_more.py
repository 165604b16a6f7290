"""What one more recording would bring, from how many misses it avoided where it was measured."""

from __future__ import annotations

# By the recordings there are: mean (geometric) over wake words and short words at their own thresholds, see "Recordings
# enrolled" in docs/benchmarks.md; from 5 recordings on, five more avoid no more than one in ten.
AVOIDED = {1: 0.40, 2: 0.30, 3: 0.15, 4: 0.15}


def avoided(recordings: int) -> float | None:
    """The share of a keyword's misses that one more recording is expected to avoid; None where it is little."""
    return AVOIDED.get(recordings)
