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
from kwsd.second_look.decoder import plain
from kwsd.second_look.distance import REACH
from kwsd.second_look.look import second_look
from kwsd.second_look.phrase import Phrase
from kwsd.spotting.second_look import phrase_of

UNCONFIRMED = 100.0


def looked(keyword: Keyword, heard: Sequence[Heard]) -> Keyword:
    """The keyword as `kwsd enroll --second-look` makes it.

    Args:
        keyword: without a second look.
        heard: each of its recordings.
    """
    look, words = second_look(), plain(keyword.name)
    known = [look.recording(one.samples, one.start, one.end, words) for one in heard]
    templates = [
        replace(template, look=vectors, behind=behind)
        for template, (vectors, behind) in zip(keyword.templates, known, strict=True)
    ]
    return replace(keyword, templates=tuple(templates), second_model=look.digest, words=words)


def outcomes(
    enrolled: Sequence[tuple[Trial, Keyword]], heard: Mapping[Said, Heard], product: Product
) -> dict[str, list[Outcome]]:
    """What phrases do without a second look, with each kind of it, by its distance alone, and all without words.

    Args:
        enrolled: each phrase with its keyword, which has no second look yet.
        heard: all that is said.
        product: that enrolled them.
    """
    kinds = [*(f"{product.scorer}, {level}" for level in REACH), "by the second look alone"]
    names = [product.scorer, *(f"{kind}{words}" for words in ("", ", without words") for kind in kinds)]
    found: dict[str, list[Outcome]] = {name: [] for name in names}
    for trial, keyword in tqdm(enrolled, desc="second look"):
        wary = looked(keyword, [heard[said] for said in trial.enrol])
        hits, near = (_tried(wary, [heard[one] for one in said], product) for said in (trial.hits, trial.near))
        for name, hit, other in zip(names, hits, near, strict=True):
            found[name].append(Outcome(trial.text, hit, other, trial.hits, trial.near))
    return found


def _tried(keyword: Keyword, heard: Sequence[Heard], product: Product) -> list[Scores]:
    """[n] of the best match that overlaps each phrase, as `outcomes` names them.

    A distance that is not confirmed is beyond all that are.
    """
    scorer = product.scores([keyword])
    phrases = [phrase_of(keyword), Phrase(keyword.looks)]
    found = []
    for one in heard:
        track = tracked(scorer, one.frames)
        overlaps = (track.start[:, 0] < one.end) & (track.end[:, 0] > one.start)
        lowest = np.where(overlaps, track.distance[:, 0], np.inf)
        i = int(lowest.argmin())
        end = float(track.end[i, 0]) + product.tokenizer.hop / 2
        row = [lowest[i]]
        for phrase in phrases:
            far = phrase.far(one.samples, float(track.start[i, 0]), end)
            row += [lowest[i] if far <= reach else UNCONFIRMED + far for reach in REACH.values()]
            row += [far]
        found.append(row)
    return list(np.array(found).T)
