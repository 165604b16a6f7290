"""Long utterances joined from single words, of which several are the keyword (Wav2Tok, keyword spotting).

Our reading of the paper: the words follow one another in random order, each recording of a word is used once, and the
keyword's template is spoken by somebody who does not speak in the utterance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.corpora.utterance import Excerpt, cut
from export.evaluate.errors import EvaluationError

TIMES = 6, 10  # that a keyword is said in an utterance, at least and at most
FADE = 0.05  # seconds over which a word gives way to the next

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class JoinedUtterance:
    """Which words an utterance is made of; numbers are places in the list of excerpts that it was drawn from.

    Attributes:
        keyword: what is to be found.
        template: the excerpt to find it by.
        words: the excerpts, in the order in which they are said.
        hits: whether each of them is the keyword.
    """

    keyword: str
    template: int
    words: tuple[int, ...]
    hits: tuple[bool, ...]


def joined_utterances(
    pool: Sequence[Excerpt], keywords: int, others: int, rng: np.random.Generator, times: tuple[int, int] = TIMES
) -> list[JoinedUtterance]:
    """One utterance for each of `keywords` words drawn from those that are said often enough, or of all if fewer are.

    Raises:
        EvaluationError: no word is said often enough, or there are not enough other words.
    """
    speakers = np.array([excerpt.speaker for excerpt in pool])
    labels = np.array([excerpt.label for excerpt in pool])
    frequent = {
        word: usable for word in np.unique(labels).tolist() if (usable := templates(labels == word, speakers, times[0]))
    }
    if not frequent:
        raise EvaluationError(
            f"keyword spotting needs a word said {times[0]} times or more besides by another speaker, and none of "
            f"{len(pool)} excerpts is one: name a larger corpus"
        )
    chosen = rng.permutation(sorted(frequent))[:keywords].tolist()
    return [_drawn(word, int(rng.choice(frequent[word])), labels, speakers, others, rng, times) for word in chosen]


def templates(said: NDArray[np.bool_], speakers: NDArray[np.str_], fewest: int = TIMES[0]) -> list[int]:
    """The excerpts of a word that may be its template: other speakers say it `fewest` times or more.

    Args:
        said: [n] which excerpts are the word.
        speakers: [n] who says each.
    """
    return [int(i) for i in np.flatnonzero(said) if (said & (speakers != speakers[i])).sum() >= fewest]


def _drawn(
    word: str,
    template: int,
    labels: NDArray[np.str_],
    speakers: NDArray[np.str_],
    others: int,
    rng: np.random.Generator,
    times: tuple[int, int],
) -> JoinedUtterance:
    eligible = speakers != speakers[template]
    keyword, different = np.flatnonzero(eligible & (labels == word)), np.flatnonzero(eligible & (labels != word))
    if len(different) < others:
        raise EvaluationError(
            f'an utterance around "{word}" needs {others} other words, and there are {len(different)}: '
            "name a larger corpus"
        )
    said = min(int(rng.integers(times[0], times[1] + 1)), len(keyword))
    drawn = np.concatenate([rng.choice(keyword, said, replace=False), rng.choice(different, others, replace=False)])
    order = rng.permutation(len(drawn))
    return JoinedUtterance(word, template, tuple(drawn[order].tolist()), tuple((order < said).tolist()))


def recordings(pool: Sequence[Excerpt], utterances: Iterable[JoinedUtterance], rate: int) -> dict[int, Samples]:
    """The samples of every excerpt that the utterances and templates need, each recording decoded once."""
    wanted = sorted({i for one in utterances for i in (one.template, *one.words)}, key=lambda i: (_place(pool[i]), i))
    return dict(zip(wanted, cut((pool[i] for i in wanted), rate), strict=True))


def _place(excerpt: Excerpt) -> tuple[str, float]:
    return str(excerpt.utterance.path), excerpt.start


def joined(words: Sequence[int], sound: Mapping[int, Samples], rate: int) -> tuple[Samples, NDArray[np.float64]]:
    """Words one after another, each fading into the next: samples [n], and the seconds at which each ends.

    A word begins FADE seconds before the one before it ends.
    """
    parts = [sound[i] for i in words]
    fade = min(round(FADE * rate), min(len(part) for part in parts) // 2)
    ends = np.cumsum([len(part) - fade for part in parts]) + fade
    samples = np.zeros(ends[-1], np.float32)
    for part, end in zip(parts, ends.tolist(), strict=True):
        samples[end - len(part) : end] += _faded(part, fade)
    return samples, ends / rate


def _faded(part: Samples, fade: int) -> Samples:
    """Rising over its first and falling over its last samples; where two words meet, the ramps add up to 1."""
    ramp = (np.arange(fade, dtype=np.float32) + np.float32(0.5)) / np.float32(max(fade, 1))
    level = np.ones(len(part), np.float32)
    level[:fade] = ramp
    level[len(part) - fade :] = ramp[::-1]
    return part * level
