"""How many near phrases are detected when some of them are named as texts that must not be taken for the phrase."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from benchmarks.measures import Scores, tracked
from benchmarks.near_outcomes import Outcome
from benchmarks.near_trials import Heard, Trial
from benchmarks.product import Product
from export.spoken_queries import Said
from kwsd.keywords.keyword import Keyword
from kwsd.say.contrast import contrasts
from kwsd.spotting.contrast import EDGE, penalty, usual_excess

NAMED = 3  # near texts of a phrase, at most
LANGUAGE = "en"


def named(trial: Trial, seed: int = 7) -> list[str]:
    """The near texts that are named, drawn at random."""
    texts = sorted({one.label for one in trial.near})
    return random.Random(f"{seed} {trial.text}").sample(texts, min(NAMED, len(texts)))


def contrasted(keyword: Keyword, alike: Sequence[str], product: Product) -> Keyword:
    """The keyword as `kwsd enroll --unlike` makes it."""
    return replace(keyword, contrasts=contrasts(keyword.name, alike, LANGUAGE, product.tokenizer, print))


def outcomes(
    enrolled: Sequence[tuple[Trial, Keyword]], heard: Mapping[Said, Heard], product: Product
) -> dict[str, list[Outcome]]:
    """What phrases do on the named near ones and on the others, without contrasts and with them.

    Args:
        enrolled: each phrase with its keyword, which has no contrasts yet.
        heard: all that is said.
        product: that enrolled them.
    """
    found: dict[str, list[Outcome]] = {}
    for trial, keyword in tqdm(enrolled, desc="contrasts"):
        alike = named(trial)
        wary = contrasted(keyword, alike, product)
        for label, one in (("", keyword), (", contrasts", wary)):
            for kind, chosen in (("named", True), ("others", False)):
                near = tuple(said for said in trial.near if (said.label in alike) is chosen)
                one_kind = _outcome(replace(trial, near=near), one, heard, product)
                found.setdefault(f"{product.scorer}{label}: {kind}", []).append(one_kind)
    return found


def _outcome(trial: Trial, keyword: Keyword, heard: Mapping[Said, Heard], product: Product) -> Outcome:
    hits, near = (_distances(keyword, [heard[one] for one in said], product) for said in (trial.hits, trial.near))
    return Outcome(trial.text, hits, near, trial.hits, trial.near)


def _distances(keyword: Keyword, heard: Sequence[Heard], product: Product) -> Scores:
    """[n] the lowest distance of what overlaps each phrase, with the penalty of the contrasts."""
    scorer, found = product.scores([keyword]), []
    contrasts = keyword.contrasts
    usual = usual_excess(keyword) if contrasts else np.zeros(0)
    for one in heard:
        track = tracked(scorer, one.frames)
        overlaps = (track.start[:, 0] < one.end) & (track.end[:, 0] > one.start)
        distance = np.where(overlaps, track.distance[:, 0], np.inf)
        i = int(distance.argmin())
        around = one.frames.between(track.start[i, 0] - EDGE, track.end[i, 0] + product.tokenizer.hop / 2)
        found.append(distance[i] + (penalty(around.vectors, contrasts, usual) if contrasts and len(around) else 0.0))
    return np.array(found)
