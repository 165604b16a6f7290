"""Calibration of templates: offset and scale that make their distances comparable, from background speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kwsd.keywords.keyword import Template
from kwsd.spotting.matching import matcher
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import Codebook

HOURS = 0.7  # of each kind of the bank, which are enough for a mean and a quantile
LOW_QUANTILE = 0.003  # quantile of the distances to background speech that sets the scale of a template


def calibrated(
    templates: Sequence[Template], scorer: str, bank: Bank, codebook: Codebook, negatives: Sequence[Template] = ()
) -> list[Template]:
    """The templates with an offset and a scale, so that one with low distances to all speech counts no more.

    With them each template's distances to the background bank have the same mean, and the same difference between the
    mean and the 0.3 % quantile, as the average template of the keyword.

    Args:
        templates: of one keyword, at least one.
        scorer: one of `kwsd.spotting.matching.SCORERS`.
        bank: background speech.
        codebook: the tokenizer's codebook.
        negatives: of the same keyword, returned after its templates; the scale of these does not depend on them.
    """
    every = [*templates, *negatives]
    stream = matcher(scorer, [template.frames for template in every], bank.hop, codebook)
    distance = np.concatenate([stream.push(frames).distance for frames in bank.beginning(HOURS).frames()])
    known = np.where(np.isfinite(distance), distance, np.nan).astype(np.float64)
    mean = np.nanmean(known, axis=0)
    spread = np.maximum(mean - np.nanquantile(known, LOW_QUANTILE, axis=0), 1e-3)
    own = slice(0, len(templates))
    scale = spread / spread[own].mean()
    pairs = zip(every, (mean - mean[own].mean() * scale).tolist(), scale.tolist(), strict=True)
    return [replace(template, offset=offset, scale=s) for template, offset, s in pairs]
