"""Prototypes of two recordings against each other: a token is to be told from the other recording's other tokens."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

TEMPERATURE = 0.1
SURE = 2.0  # what a relation of equal prototypes is before the sigmoid
Score = Callable[[Tensor, Tensor], Tensor]


class Relation(nn.Module):
    """The relation network sigma(W |p - p'|) (Wav2Tok, eq. 7).

    W may say which dimensions count, not how much they count together: left free, it grows, and the encoder comes to
    say nearly the same of everything (our finding). Orthogonal vectors are as unrelated as equal ones are related.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.free = nn.Parameter(torch.zeros(dim))
        self.scale = 2 * SURE / (2 * math.sqrt(dim / math.pi))  # over the expected sum of |p - q| of orthogonal ones

    def forward(self, p: Tensor, q: Tensor) -> Tensor:
        """Relations [..., a, b] in 0 to 1 of prototypes [..., a, m] and [..., b, m]."""
        weights = self.scale * len(self.free) * self.free.softmax(dim=0)
        return torch.sigmoid(SURE - (p[..., :, None, :] - q[..., None, :, :]).abs() @ weights)


def cosine(p: Tensor, q: Tensor) -> Tensor:
    """Cosines [..., a, b] of unit vectors [..., a, m] and [..., b, m] (Wav2Tok, eq. 3)."""
    return p @ q.transpose(-1, -2)


def contrast(
    p: Tensor, has_p: Tensor, q: Tensor, has_q: Tensor, score: Score, temperature: float = TEMPERATURE
) -> Tensor:
    """The loss of both directions, L12 + L21 (Wav2Tok, eq. 4-6 with cosines, eq. 8-10 with relations).

    Our reading: L12 is the mean, over the tokens k that both recordings have, of
    -log(exp(s(p_k, q_k) / 0.1) / sum over the tokens j of the other of exp(s(p_k, q_j) / 0.1)); a token that the other
    recording lacks has no positive and adds no term. The paper writes the cross-entropy without its minus sign, and
    names L12 twice where eq. 10 must mean L21.

    Args:
        p, q: [b, k, m] unit prototypes of the first and the second recording of each pair.
        has_p, has_q: [b, k] bool, which tokens they have.
        score: of [b, k, m] against [b, k, m], as [b, k, k].
        temperature: what scores are divided by.
    """
    logits = score(p, q) / temperature
    return _directed(logits, has_p, has_q) + _directed(logits.transpose(1, 2), has_q, has_p)


def contrast_in_batch(
    p: Tensor, has_p: Tensor, q: Tensor, has_q: Tensor, score: Score, temperature: float = TEMPERATURE
) -> Tensor:
    """As `contrast`, but a token is to be told from the tokens of all recordings on the other side of the batch."""
    there = _directed_in_batch(p, has_p, q, has_q, score, temperature)
    return there + _directed_in_batch(q, has_q, p, has_p, score, temperature)


def _directed_in_batch(p: Tensor, has_p: Tensor, q: Tensor, has_q: Tensor, score: Score, temperature: float) -> Tensor:
    shared = has_p & has_q
    number = (has_q.flatten().cumsum(0) - 1).view_as(has_q)  # of each token of the other side, among those there are
    logits = score(p[shared], q[has_q]) / temperature
    return functional.cross_entropy(logits, number[shared], reduction="sum") / shared.sum().clamp(min=1)


def _directed(logits: Tensor, has_p: Tensor, has_q: Tensor) -> Tensor:
    held = logits.masked_fill(~has_q[:, None, :], -1e4)
    shared = has_p & has_q
    right = -functional.log_softmax(held, dim=2).diagonal(dim1=1, dim2=2)
    return (right * shared).sum() / shared.sum().clamp(min=1)
