"""Prototypes of tokens: the mean direction of the frames of a recording that have a token (Wav2Tok, eq. 1-2)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def prototypes(z: Tensor, tokens: Tensor, mask: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Unit prototypes [b, k, m] of each recording's tokens, and which of these it has [b, k] bool.

    Args:
        z: [b, t, m] unit vectors.
        tokens: [b, t] below k.
        mask: [b, t] bool, which frames are not padding.
        k: size of the codebook; a prototype of a token that a recording lacks is 0.
    """
    member = functional.one_hot(tokens, k).to(z.dtype) * mask[..., None]
    return functional.normalize(member.transpose(1, 2) @ z, dim=2), member.sum(dim=1) > 0
