"""The second look at detections: those of keywords that were enrolled with one must be confirmed by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kwsd.audio.source import RATE, Samples
from kwsd.errors import ModelError
from kwsd.keywords.keyword import Keyword
from kwsd.second_look.look import second_look
from kwsd.second_look.phrase import Phrase
from kwsd.second_look.span import LEAD, LONGEST, TAIL
from kwsd.spotting.detection import Detection

MEMORY = LONGEST + LEAD + 2.0  # s of audio before the last sample that may be wanted
SHORTEST = 0.1  # s of audio that can be looked at
Heard = Callable[[float, float], tuple[float, Samples]]
"""The samples between two times of the stream, as far as they are known, and the time of the first one."""


class Confirmation:
    """Which detections the second look does not confirm.

    Args:
        keywords: in the order in which detections name them.
        heard: the audio of the stream.

    Raises:
        ModelError: a keyword was enrolled with another second look, or with one that is not installed.
    """

    def __init__(self, keywords: Sequence[Keyword], heard: Heard) -> None:
        self._heard = heard
        self._known = {k: (phrase_of(one), one.reach) for k, one in enumerate(keywords) if one.looks}
        for k in self._known:
            check_look(keywords[k])

    def __bool__(self) -> bool:
        """Whether there is a keyword that needs it."""
        return bool(self._known)

    def refuses(self, k: int, detection: Detection) -> bool:
        """Whether a detection of keyword k is too far from its recordings."""
        if k not in self._known:
            return False
        phrase, reach = self._known[k]
        start = max(detection.start, detection.end - LONGEST)
        first, samples = self._heard(start - LEAD, detection.end + TAIL)
        if first > start or len(samples) < SHORTEST * RATE:
            return False  # the keyword came when its phrase was being said, so that it was not heard as a whole
        return phrase.far(samples, start - first, detection.end - first, reach) > reach


def phrase_of(keyword: Keyword) -> Phrase:
    """The recordings of a keyword that was enrolled with a second look."""
    return Phrase(keyword.looks, keyword.behind, keyword.words)


def described(keyword: Keyword) -> str:
    """A clause that says how the detections of a keyword that was enrolled with a second look are confirmed."""
    if words := phrase_of(keyword).words:
        return f'a second look confirms each detection, by its sound and by the words "{words}"'
    unheard = f', since it does not hear "{keyword.words}" in the recordings' if keyword.words else ""
    return f"a second look confirms each detection, by its sound alone{unheard}"


def check_look(keyword: Keyword) -> None:
    """Check that a keyword has the second look of this kwsd.

    Raises:
        ModelError: it has another one.
    """
    if keyword.second_model and keyword.second_model != second_look().digest:
        raise ModelError(
            f'"{keyword.name}" was enrolled with the second look of another version: enroll it again from recordings'
        )
