"""What is minimised: a phrase must be nearer to itself, said by others, than to what sounds almost like it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from export.look.hearing import UNKNOWN, VECTORS, Heard
from export.look.net import PHONES, ROUND
from export.spotting import FAR, subsequence

APART, SPELLED = 0.5, 0.2  # weights of the second and the third loss beside the first


def distances(templates: Tensor, heard: Tensor, asked: Heard, found: Heard, pairs: Tensor) -> Tensor:
    """[p] how far stretches are from templates, as `kwsd.second_look.distance` measures it.

    Args:
        templates, heard: [b, n, m] vectors of stretches, those of pairs[:, 0] and of pairs[:, 1].
        asked, found: which of them count.
        pairs: [p, 2].
    """
    phrases, long = spans(templates, asked.first, asked.last)
    around, wide = spans(heard, found.low, found.high)
    a, b = pairs[:, 0], pairs[:, 1]
    costs = 1 - torch.einsum("ptm,pnm->ptn", phrases[a], around[b])
    ends = subsequence(costs[:, :, None], long[a])[:, 0]
    counts = torch.arange(ends.shape[1], device=ends.device) < wide[b][:, None]
    return ends.masked_fill(~counts, FAR).amin(1)


def spans(vectors: Tensor, first: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
    """[b, k, m] vectors from `first` on, and [b] how many of them count."""
    size = (last - first).clamp(1, VECTORS)
    index = (first[:, None] + torch.arange(int(size.max()), device=vectors.device)).clamp(max=vectors.shape[1] - 1)
    return vectors.gather(1, index[..., None].expand(-1, -1, vectors.shape[2])), size


def losses(
    distance: Tensor, pairs: Tensor, same: Tensor, near: Tensor, scale: Tensor, limit: Tensor, count: int
) -> dict[str, Tensor]:
    """Two losses of distances, and how often a hit is nearer than all else.

    `contrast` is the cross-entropy of a hit among the template's other pairs; `apart` that of each hit and each near
    phrase on the right side of one limit for all.

    Args:
        distance: [p].
        pairs: [p, 2].
        same, near: [p] whether both say the same, and whether they say what sounds almost alike.
        scale: of distances before the softmax.
        limit: see above.
        count: of templates.
    """
    of = pairs[:, 0]
    away = torch.where(same, torch.full_like(distance, -FAR), -scale * distance)
    top = torch.full((count,), -FAR, device=distance.device).scatter_reduce(0, of, away.detach(), "amax")
    total = torch.zeros(count, device=distance.device).index_add(0, of, (away - top[of]).exp() * ~same)
    others = (top + (total + 1e-9).log())[of[same]]
    hit, other = scale * distance[same], scale * distance[near]
    return {
        "contrast": _mean(functional.softplus(others + hit)),
        "apart": _mean(functional.softplus(hit - scale * limit)) + _mean(functional.softplus(scale * limit - other)),
        "right": _mean((others < -hit).float()),
    }


def _mean(values: Tensor) -> Tensor:
    """Their mean; 0 if there are none."""
    return values.sum() / max(1, len(values))


def spelled(logits: Tensor, phones: Tensor) -> Tensor:
    """The cross-entropy of phones [b, n, ROUND] by their logits [b, n, ROUND * PHONES], where they are known."""
    known = phones[..., ROUND // 2] != UNKNOWN
    return functional.cross_entropy(logits.float()[known].reshape(-1, PHONES), phones[known].flatten())


def total(parts: dict[str, Tensor]) -> Tensor:
    """What is minimised."""
    return parts["contrast"] + APART * parts["apart"] + SPELLED * parts["phones"]
