"""Make a keyword of a phrase and of hits of a search that somebody called right or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kwsd.archive import clips
from kwsd.archive.search.feedback import Feedback
from kwsd.archive.search.hit import Hit
from kwsd.audio.opening import shown
from kwsd.audio.resample import Resampler
from kwsd.enrolment.enroll import Enrolment, enroll
from kwsd.enrolment.template import Recording
from kwsd.keywords.keyword import Keyword
from kwsd.tokenizer.tokenizer import Tokenizer


def keyword_of(
    name: str,
    recordings: Sequence[Path | Recording],
    feedback: Feedback,
    tokenizer: Tokenizer,
    *,
    adding_to: Keyword | None = None,
    others: Sequence[Keyword] = (),
) -> Enrolment:
    """A keyword of recordings and of right hits, with wrong hits as negatives and a learned threshold.

    Args:
        name: of the keyword.
        recordings: that were searched for.
        feedback: hits whose files are still there; their audio is cut out.
        tokenizer: is reset.
        adding_to: a keyword that is added to; where it keeps its recordings, those of the hits are kept, too.
        others: keywords to check for confusion.

    Raises:
        AudioError: a hit was heard live, or its file cannot be read any more.
        KeywordError: the name is not allowed, or no recording can be used.
    """
    right, wrong = ([recording_of(hit) for hit in hits] for hits in (feedback.right, feedback.wrong))
    return enroll(
        name,
        [*recordings, *right],
        tokenizer,
        scorer=adding_to.scorer if adding_to else "subsequence",
        negatives=wrong,
        adding_to=adding_to,
        others=others,
        keep_audio=adding_to is not None and all(template.audio for template in adding_to.templates),
    )


def recording_of(hit: Hit) -> Recording:
    """The audio of a hit with a little before and after it, and where in it the phrase is.

    Raises:
        AudioError: it was heard live, or its file cannot be read any more.
    """
    clip = clips.cut(hit)
    resampler = Resampler(clip.rate)
    samples = np.concatenate([resampler.push(clip.samples), resampler.flush()])
    start = min(hit.start, clips.MARGIN)
    return Recording(
        f"{shown(Path(hit.path))} at {hit.start:.2f} s", samples, span=(start, start + hit.end - hit.start)
    )
