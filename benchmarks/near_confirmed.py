"""How many near phrases are detected when a second look must confirm each detection."""

from __future__ import annotations

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
from kwsd.second_look.distance import EDGE, REACH, distance, limit
from kwsd.second_look.look import second_look

UNCONFIRMED = 100.0


def looked(keyword: Keyword, heard: Sequence[Heard]) -> Keyword:
    """The keyword as `kwsd enroll --second-look` makes it.

    Args:
        keyword: without a second look.
        heard: each of its recordings.
    """
    look = second_look()
    templates = [
        replace(template, look=look.phrase(one.samples, one.start, one.end))
        for template, one in zip(keyword.templates, heard, strict=True)
    ]
    return replace(keyword, templates=tuple(templates), second_model=look.digest)


def outcomes(
    enrolled: Sequence[tuple[Trial, Keyword]], heard: Mapping[Said, Heard], product: Product
) -> dict[str, list[Outcome]]:
    """What phrases do without a second look, with each kind of it, and by its distance alone.

    Args:
        enrolled: each phrase with its keyword, which has no second look yet.
        heard: all that is said.
        product: that enrolled them.
    """
    names = [product.scorer, *(f"{product.scorer}, {level}" for level in REACH), "by the second look alone"]
    found: dict[str, list[Outcome]] = {name: [] for name in names}
    for trial, keyword in tqdm(enrolled, desc="second look"):
        wary = looked(keyword, [heard[said] for said in trial.enrol])
        hits, near = (_tried(wary, [heard[one] for one in said], product) for said in (trial.hits, trial.near))
        for name, hit, other in zip(names, hits, near, strict=True):
            found[name].append(Outcome(trial.text, hit, other, trial.hits, trial.near))
    return found


def _tried(keyword: Keyword, heard: Sequence[Heard], product: Product) -> list[Scores]:
    """[n] of the best match that overlaps each phrase: its distance, that of each kind of second look, and that alone.

    A distance that is not confirmed is beyond all that are.
    """
    scorer, most, look = product.scores([keyword]), limit(keyword.looks, 1.0), second_look()
    found = []
    for one in heard:
        track = tracked(scorer, one.frames)
        overlaps = (track.start[:, 0] < one.end) & (track.end[:, 0] > one.start)
        lowest = np.where(overlaps, track.distance[:, 0], np.inf)
        i = int(lowest.argmin())
        end = float(track.end[i, 0]) + product.tokenizer.hop / 2
        far = distance(look(one.samples, float(track.start[i, 0]), end, EDGE), keyword.looks) / most
        confirmed = [lowest[i] if far <= reach else UNCONFIRMED + far for reach in REACH.values()]
        found.append((lowest[i], *confirmed, far))
    return list(np.array(found).T)
