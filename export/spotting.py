"""Train for what the vectors are used for: a word must be nearer to itself, said by someone else, than to all else.

Each window of a batch lends its word as a template, which is slid over all windows with subsequence DTW. The window of
its partner, the same word by another speaker, holds the hit; the lowest point in every other window is a chance
alignment that must not come as near. So each step shows every template the hardest negatives of two minutes of speech.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

FAR = 1e4  # a cost that no alignment reaches
SLACK = 4  # frames by which the hit may end beside where the word was marked to end
SETTLED = 12  # frames at the start of a window that are too early for the end of a word


@dataclass(frozen=True)
class Pairs:
    """Which words a batch of windows holds; windows 2 i and 2 i + 1 hold the same word, by two speakers.

    Attributes:
        spans: [b, 2] first frame of each window's word and the frame after its last.
        shared: [b, b] whether the word of window i is also said in window j; such a window is no negative.
    """

    spans: Tensor
    shared: Tensor

    def later(self, frames: int) -> Pairs:
        """The same with so many frames cut off the windows' start."""
        return Pairs(self.spans - frames, self.shared)


def subsequence(costs: Tensor, lengths: Tensor) -> Tensor:
    """Subsequence DTW of many templates over many windows: [a, b, n] cost of the best alignment that ends at a frame.

    Args:
        costs: [a, t, b, n] local costs of template frames, padded to t, against window frames.
        lengths: [a] the templates' frames; the cost is divided by them.

    The begin is open; moves (1, 1), (1, 0), (0, 1). Computed along anti-diagonals, which lets gradients through the
    cells of the best alignment only.
    """
    a, t, b, n = costs.shape
    skewed = functional.pad(costs.permute(0, 2, 1, 3), (0, t), value=FAR).reshape(a, b, t * (n + t))
    diagonals = skewed[..., : t * (n + t - 1)].reshape(a, b, t, n + t - 1).permute(3, 0, 1, 2).contiguous()
    before = last = costs.new_full((a, b, t), FAR)
    begin = costs.new_zeros((a, b, 1))
    cells = []
    for local in diagonals:
        above, across = torch.cat([begin, last[..., :-1]], 2), torch.cat([begin, before[..., :-1]], 2)
        before, last = last, local + torch.minimum(torch.minimum(last, above), across)
        cells.append(last)
    rows = (lengths - 1)[None, :, None, None].expand(n + t - 1, a, b, 1)
    ends = torch.stack(cells).gather(3, rows)[..., 0]
    frames = torch.arange(n, device=costs.device)[:, None] + (lengths - 1)[None]
    return ends.gather(0, frames[:, :, None].expand(n, a, b)).permute(1, 2, 0) / lengths[:, None, None]


def spotting_loss(z: Tensor, pairs: Pairs, scale: float) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the hit among the nearest alignments in all other windows, and how often it is the nearest.

    Args:
        z: [b, n, m] unit vectors of the windows.
        pairs: spans count from the first of these frames.
        scale: of the distances before the softmax, in units of the template's mean distance from other speech, so
            that drawing all vectors together gains nothing.
    """
    b, n, m = z.shape
    first, lengths = pairs.spans[:, :1], pairs.spans[:, 1] - pairs.spans[:, 0]
    index = (first + torch.arange(int(lengths.max()), device=z.device)).clamp(max=n - 1)
    templates = z.gather(1, index[:, :, None].expand(-1, -1, m))
    distance = subsequence(1 - torch.einsum("atm,bnm->atbn", templates, z), lengths)
    partner, frame = torch.arange(b, device=z.device) ^ 1, torch.arange(n, device=z.device)
    near = (frame - pairs.spans[partner, 1:] + 0.5).abs() < SLACK
    hit = distance[torch.arange(b), partner].masked_fill(~near, FAR).amin(1, keepdim=True)
    other = (~pairs.shared)[:, :, None] & (frame >= SETTLED)
    mean = (distance * other).sum((1, 2)) / other.sum((1, 2)).clamp(min=1)
    chance = distance.amin(2).masked_fill(pairs.shared, FAR)
    logits = -scale * torch.cat([hit, chance], 1) / mean[:, None]
    loss = functional.cross_entropy(logits, torch.zeros(b, dtype=torch.long, device=z.device))
    return loss, (hit[:, 0] < chance.amin(1)).float().mean()
