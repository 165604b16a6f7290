"""Waiting for what happens in another process."""

import time

PATIENCE = 30  # s


def until(condition, patience=PATIENCE):
    """Wait for a condition, which is returned."""
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found
