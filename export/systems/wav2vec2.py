"""Wav2Vec 2.0 (Baevski et al. 2020), scaled down: what stands in the gaps of a recording (Wav2Tok, eq. 18)."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.systems.encoder import Transformer
from export.systems.frame_alignment import uniform
from export.systems.quantizer import Quantizer
from export.systems.shape import Shape
from export.systems.system import Batch, System

SPAN = 5  # frames that are masked together; 10 in the original, whose recordings are far longer than a word
START = 0.1  # probability that a span begins at a frame
DISTRACTORS = 20
TEMPERATURE = 0.1
DIVERSITY = 0.1  # weight of the unused entries


class Wav2Vec2(System):
    """A BiLSTM makes latents, a quantizer their code words; a Transformer is to tell masked ones by their context.

    Each recording serves alone. For matching, z is the Transformer's output without masks, and a token is the number
    of the code word of a latent.
    """

    cost: ClassVar[int] = 10
    judged_by: ClassVar[tuple[str, ...]] = ("dtw", "edit, compressed")
    retrained: ClassVar[bool] = True
    sequences: ClassVar[bool] = True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.context = Transformer(shape, inputs=shape.dim)
        self.quantizer = Quantizer(shape.dim, shape.tokens)
        self.masked = nn.Parameter(torch.randn(shape.dim))

    def latents(self, batch: Batch) -> Tensor:
        """[2 b, t, m] of about unit variance, so that they weigh as much as the positions that are added to them."""
        found: Tensor = self.encoder(self.standardised(batch), batch.lengths) * math.sqrt(self.shape.dim)
        return found

    def forward(self, batch: Batch) -> Tensor:
        """z [2 b, t, m], unit vectors: the context of every frame, without masks."""
        z: Tensor = self.context(self.latents(batch), batch.lengths)
        return z

    def represent(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """z [2 b, t, m] and the quantizer's tokens [2 b, t]."""
        latents = self.latents(batch)
        return self.context(latents, batch.lengths), self.quantizer.tokens(latents)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The contrastive loss of masked frames plus 0.1 of the share of unused entries."""
        return self.guessed(self.latents(batch), batch)

    def guessed(self, latents: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The loss and its parts, of latents [2 b, t, m]."""
        hidden = spans(batch.mask)
        # Frames of padding are neither quantized nor drawn.
        said = self.quantizer(latents[batch.mask])
        within = hidden[batch.mask]
        context = self.context(torch.where(hidden[..., None], self.masked, latents), batch.lengths)[hidden]
        tokens, others = said.tokens[within], distractors(hidden.nonzero()[:, 0])
        told = contrastive(context, said.vectors[within], tokens, others)
        return {"loss": told + DIVERSITY * said.unused, "told": told, "unused": said.unused}


def spans(mask: Tensor) -> Tensor:
    """[b, t] bool, which frames are masked: spans of 5, at least one of a recording, but never all its frames.

    A recording of one frame has none.

    Args:
        mask: [b, t] bool, which frames are not padding.
    """
    lengths, row = mask.sum(dim=1), torch.arange(len(mask))
    start = torch.zeros_like(mask)
    start[mask] = torch.rand(int(lengths.sum())) < START
    start[row, uniform(lengths)] = True
    before = functional.pad(start[:, None].float(), (SPAN - 1, 0))
    hidden = (functional.max_pool1d(before, SPAN, stride=1)[:, 0] > 0) & mask
    seen = uniform(lengths)
    hidden[row, seen] &= hidden.sum(dim=1) < lengths
    return hidden


def distractors(rows: Tensor) -> Tensor:
    """[n, 20] masked frames, drawn with replacement for each of n masked frames from the others of its recording.

    Where its recording has fewer than 20 others, they are drawn from those of the whole batch.

    Args:
        rows: [n] the recording of each masked frame, ascending.
    """
    counts = torch.bincount(rows)
    count, first = counts[rows], (counts.cumsum(0) - counts)[rows]
    few = count - 1 < DISTRACTORS
    size, begin = torch.where(few, len(rows), count), torch.where(few, 0, first)
    drawn = uniform((size - 1).clamp(min=1)[:, None].expand(-1, DISTRACTORS))
    itself = (torch.arange(len(rows)) - begin)[:, None]
    # A frame that is alone in the batch comes out as its own distractor, which `contrastive` leaves out.
    return (begin[:, None] + drawn + (drawn >= itself)) % max(1, len(rows))


def contrastive(context: Tensor, said: Tensor, tokens: Tensor, others: Tensor) -> Tensor:
    """The mean of -log(exp(cos(c, q) / 0.1) / sum over q and its distractors of exp(cos(c, q') / 0.1)) (eq. 18).

    A distractor that has the same code word as q says nothing against it, and is left out.

    Args:
        context: [n, m] unit vectors c of the masked frames.
        said: [n, m] their code words q.
        tokens: [n] the numbers of these.
        others: [n, d] the distractors, as numbers of masked frames.
    """
    logits = context @ functional.normalize(said, dim=1).T / TEMPERATURE
    same = tokens[others] == tokens[:, None]
    right = logits.diagonal()
    wrong = logits.gather(1, others).masked_fill(same, -torch.inf)
    terms = torch.cat([right[:, None], wrong], dim=1).logsumexp(dim=1) - right
    return terms.sum() / max(1, len(terms))
