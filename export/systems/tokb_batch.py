"""TokB with negatives from the whole batch: the cure that we found where two recordings share tokens anyway."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from export.systems.relation import contrast_in_batch
from export.systems.tokb import TokB


class TokBBatch(TokB):
    """As TokB, but on single words, and a token is to be told from those of every recording of the batch.

    Not in the paper: there, the other tokens of the pair's other recording are the only negatives (eq. 8-10).
    """

    sequences: ClassVar[bool] = False
    gamma: ClassVar[float] = 0.0
    temperature: ClassVar[float] = 0.05

    def contrast(self, p: Tensor, has_p: Tensor, q: Tensor, has_q: Tensor) -> Tensor:
        """L12 + L21 of prototypes [b, k, m] of both sides of the pairs, and which of them there are [b, k]."""
        return contrast_in_batch(p, has_p, q, has_q, self.score, self.temperature)
