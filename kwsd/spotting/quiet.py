"""Which audio is quiet, so that scoring it can wait: nothing is left out, and it is scored with what follows."""

from __future__ import annotations

import math

from kwsd.audio.source import Block

FAINTEST = 1e-4  # amplitude, -80 dBFS; below it everything is quiet
NEAR_FLOOR = 1.5  # times the floor: the peaks of steady noise vary less from block to block, those of speech more
RISE = 1.15  # times in a second that the floor rises until a quieter block comes
SETTLED = 0.5  # s of quiet that are scored at once: a phrase just before them may still be detected
LONGEST_WAIT = 0.96  # s of quiet audio that wait at most


class QuietGate:
    """Says of consecutive blocks whether they may wait.

    The floor is the lowest peak of the blocks, which rises slowly. A block is quiet if its peak is near the floor.
    """

    def __init__(self) -> None:
        self._floor = math.inf
        self._quiet = self._waiting = 0.0

    def may_wait(self, block: Block) -> bool:
        """Whether this block, and those before it that wait, need not be scored yet."""
        peak = max(float(block.samples.max(initial=0.0)), -float(block.samples.min(initial=0.0)))
        self._floor = max(FAINTEST, min(peak, self._floor * RISE**block.seconds))
        self._quiet = self._quiet + block.seconds if peak <= NEAR_FLOOR * self._floor else 0.0
        self._waiting += block.seconds
        if self._quiet - block.seconds >= SETTLED and self._waiting < LONGEST_WAIT:
            return True
        self._waiting = 0.0
        return False
