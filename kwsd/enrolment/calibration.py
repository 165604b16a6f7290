"""Calibration of templates: their distances to background speech are brought to one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kwsd.keywords.keyword import Template
from kwsd.spotting.matching import matcher
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import Codebook

CLOSE = 0.003  # share of background frames whose distance sets a template's scale


def calibrated(templates: Sequence[Template], scorer: str, bank: Bank, codebook: Codebook) -> list[Template]:
    """Templates whose distances mean the same, so that one that is close to everything does not outvote the others.

    Each template's distances are shifted and stretched until background speech is as far from it, on average and in
    its closest few thousandths, as it is from the keyword's templates on average.
    """
    stream = matcher(scorer, [template.frames for template in templates], bank.hop, codebook)
    distance = np.concatenate([stream.push(frames).distance for frames in bank.frames()])
    known = np.where(np.isfinite(distance), distance, np.nan).astype(np.float64)
    mean = np.nanmean(known, axis=0)
    spread = np.maximum(mean - np.nanquantile(known, CLOSE, axis=0), 1e-3)
    scale = spread / spread.mean()
    pairs = zip(templates, (mean - mean.mean() * scale).tolist(), scale.tolist(), strict=True)
    return [replace(template, offset=offset, scale=s) for template, offset, s in pairs]
