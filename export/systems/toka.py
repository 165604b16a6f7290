"""Wav2Tok's approach A: prototypes contrasted by cosine (eq. 3-6), with the spherical k-means loss (eq. 11-12)."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from export.systems.prototypes import prototypes
from export.systems.relation import TEMPERATURE, contrast, cosine
from export.systems.system import Batch, System


class TokA(System):
    """Pairs of recordings teach the encoder to keep the tokens of one apart as the other has them.

    Attributes:
        alpha: weight of the contrast of prototypes.
        gamma: weight of the spherical k-means loss.
        temperature: of the contrast.
    """

    clustered: ClassVar[bool] = True
    judged_by: ClassVar[tuple[str, ...]] = ("dtw", "edit, compressed")
    retrained: ClassVar[bool] = True
    sequences: ClassVar[bool] = True
    alpha: ClassVar[float] = 1.0
    gamma: ClassVar[float] = 0.1
    temperature: ClassVar[float] = TEMPERATURE

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """alpha (L12 + L21) + gamma L_k (eq. 12; which constant weighs which is our reading)."""
        z, mask = self(batch), batch.mask
        cosines = z @ self.codebook.T
        tokens = cosines.argmax(dim=2)
        p, has = prototypes(z, tokens, mask, len(self.codebook))
        pairs = self.contrast(p[0::2], has[0::2], p[1::2], has[1::2])
        clusters = clustering(cosines, mask)
        return {"loss": self.alpha * pairs + self.gamma * clusters, "pairs": pairs, "clusters": clusters}

    def contrast(self, p: Tensor, has_p: Tensor, q: Tensor, has_q: Tensor) -> Tensor:
        """L12 + L21 of prototypes [b, k, m] of both sides of the pairs, and which of them there are [b, k]."""
        return contrast(p, has_p, q, has_q, self.score, self.temperature)

    def score(self, p: Tensor, q: Tensor) -> Tensor:
        """How alike prototypes [b, k, m] and [b, k, m] are, as [b, k, k]."""
        return cosine(p, q)


def clustering(cosines: Tensor, mask: Tensor) -> Tensor:
    """The spherical k-means loss: the mean of 1 - z . w over frames, w being the centroid of z's token (eq. 11)."""
    nearest = cosines.max(dim=2).values
    return ((1 - nearest) * mask).sum() / mask.sum()
