"""Events to hand on, and the wait for what comes of them."""

import time

from kwsd.events.messages import DetectionEvent, StatusEvent

PATIENCE = 30.0  # s until what does not come is taken for missing


def until(condition):
    """Wait for a condition, which is returned."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


def common(sequence):
    return {
        "sequence": sequence,
        "instance": "5eed1e55",
        "stream": "kitchen",
        "wall": 1_750_000_000.0,
        "model": "0123456789ab",
    }


def detection(sequence=2, keyword="hey snips"):
    return DetectionEvent(keyword=keyword, distance=0.25, threshold=0.5, start=12.0, end=12.75, **common(sequence))


def status(sequence=1, keywords=("hey snips",), state="listening"):
    return StatusEvent(state=state, keywords=tuple(keywords), **common(sequence))
