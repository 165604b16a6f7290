"""Make a keyword of a phrase and of hits of a search that somebody called right or wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kwsd.archive import clips
from kwsd.archive.search.feedback import Feedback
from kwsd.archive.search.hit import Hit
from kwsd.audio.opening import shown
from kwsd.audio.resample import Resampler
from kwsd.enrolment.enroll import Enrolment, Selected, enroll, reach_of
from kwsd.enrolment.template import Recording
from kwsd.enrolment.threshold import ALARMS, Rule
from kwsd.keywords.keyword import Keyword
from kwsd.second_look.distance import REACH
from kwsd.tokenizer.tokenizer import Tokenizer

STRICT = "strict"
# Both chosen on LibriSpeech dev, see docs/benchmarks/tried-archive.md, "What confirmed hits bring a keyword".
FARTHER = 1.35  # times as far as hits are from each other that other places are at which the phrase is said
CONFIRMED = 1 / 32  # share of what sounds alike in running speech that a strict second look confirms


def keyword_of(
    name: str,
    recordings: Sequence[Path | Recording],
    feedback: Feedback,
    tokenizer: Tokenizer,
    *,
    adding_to: Keyword | None = None,
    others: Sequence[Keyword] = (),
    second_look: bool = False,
    alarms_per_hour: float = ALARMS,
) -> Enrolment:
    """A keyword of recordings and of right hits, with wrong hits as negatives and a learned threshold.

    A new keyword with a second look has a strict one. With that, the threshold is far higher than without, because most
    of what sounds alike in running speech is refused.

    Args:
        name: of the keyword.
        recordings: that were searched for.
        feedback: hits whose files are still there; their audio is cut out.
        tokenizer: is reset.
        adding_to: a keyword that is added to; where it keeps its recordings, those of the hits are kept, too.
        others: keywords to check for confusion.
        second_look: whether a new keyword gets a second look; one that is added to keeps what it has.
        alarms_per_hour: false alarms that are promised.

    Raises:
        AudioError: a hit was heard live, or its file cannot be read any more.
        KeywordError: the name is not allowed, or no recording can be used.
        ModelError: the second look is not installed.
    """
    reach = REACH[STRICT] if second_look and not adding_to else reach_of(adding_to)
    right, wrong = ([recording_of(hit) for hit in hits] for hits in (feedback.right, feedback.wrong))
    return enroll(
        name,
        [*recordings, *right],
        tokenizer,
        scorer=adding_to.scorer if adding_to else "subsequence",
        threshold=Rule(alarms_per_hour=alarms_per_hour),
        negatives=wrong,
        adding_to=adding_to,
        others=others,
        keep_audio=adding_to is not None and all(template.audio for template in adding_to.templates),
        reach=reach,
        selected=Selected(1.0 if adding_to else FARTHER, CONFIRMED if reach == REACH[STRICT] else 0.0),
    )


def expectation(made: Enrolment) -> str:
    """A sentence on the misses and false alarms that are to be expected."""
    alarms = f"{made.false_alarms_per_hour:.2f} false alarms an hour"
    return f"Expect about {100 * made.misses.rate:.0f} % misses and {alarms}." if made.misses else f"Expect {alarms}."


def recording_of(hit: Hit, cut: Callable[[Hit], clips.Clip] = clips.cut) -> Recording:
    """The audio of a hit with a little before and after it, and where in it the phrase is.

    Args:
        hit: in a file.
        cut: cuts it out.

    Raises:
        AudioError: it was heard live, or its file cannot be read any more.
    """
    clip = cut(hit)
    resampler = Resampler(clip.rate)
    samples = np.concatenate([resampler.push(clip.samples), resampler.flush()])
    start = min(hit.start, clips.MARGIN)
    return Recording(
        f"{shown(Path(hit.path))} at {hit.start:.2f} s", samples, span=(start, start + hit.end - hit.start)
    )
