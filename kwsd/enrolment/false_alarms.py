"""False alarms per hour as a function of the threshold, estimated on a bank of background speech."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kwsd.enrolment.outliers import farthest, leave_one_out
from kwsd.errors import ModelError
from kwsd.keywords.keyword import Keyword
from kwsd.second_look.distance import REACH
from kwsd.spotting.score_track import KeywordScorer
from kwsd.spotting.second_look import phrase_of
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import Codebook
from kwsd.tokenizer.tokenizer import Tokenizer

SEPARATION = 2.0  # seconds between two false alarms, at least
TAIL = 25  # lowest minima, to which the tail is fitted for rates that the bank is too short to count
SHAPE_LIMITS = (-0.3, 0.2)  # of the tail's shape; a fit to TAIL values is not reliable beyond them
TELEPHONE = "telephone"
ELSEWHERE = 100.0  # times as many alarms may other speech cause: a keyword beyond that answers to all sorts of sounds
CAUTION = 1.5  # times as many alarms are expected as the bank shows, which is short
CONFIRMED = 1 / 2  # share of false alarms that a second look confirms, as benchmarks.confirmed_shares shows
BY_WORDS = 1 / 4  # the same where it compares words, too
BY_LONG_WORDS = 1 / 8  # the same where these have LONG letters or more
LONG = 6
STRICTER = 1 / 2  # times as many as with the usual reach
SAID_AT_MOST = 0.1  # share of the minima that may be the keyword itself
MIN_SHAPE = 1e-3  # shapes of a smaller magnitude are numerically 0, an exponential tail


@dataclass(frozen=True)
class FalseAlarmModel:
    """The rate of false alarms of a keyword, from the local minima of its distance to background speech.

    Attributes:
        minima: [n] minima of the distance, ascending, each of a part of SEPARATION seconds; n is more than TAIL.
        hours: length of the background speech.
    """

    minima: NDArray[np.float64]
    hours: float

    def alarms_per_hour(self, threshold: float) -> float:
        """Expected false alarms per hour at a threshold: counted, or from the fitted tail below the TAIL-th minimum."""
        edge, shape, scale = self._tail
        if threshold >= edge:
            return float(np.searchsorted(self.minima, threshold, side="right")) / self.hours
        reached = max(0.0, 1 + shape * (edge - threshold) / scale)
        return TAIL / self.hours * math.pow(reached, -1 / shape)

    def threshold(self, alarms_per_hour: float) -> float:
        """The largest threshold with at most this rate of false alarms: the inverse of `alarms_per_hour`."""
        edge, shape, scale = self._tail
        count = alarms_per_hour * self.hours
        if count >= TAIL:
            return float(self.minima[min(int(count), len(self.minima)) - 1])
        return edge - scale / shape * (math.pow(count / TAIL, -shape) - 1)

    @property
    def deviation(self) -> float:
        """Standard deviation of the minima."""
        return float(self.minima.std())

    @property
    def _tail(self) -> tuple[float, float, float]:
        """Edge, shape and scale of a generalized Pareto distribution of edge - minimum, for the TAIL lowest minima.

        Fitted by the method of moments (Hosking & Wallis 1987, section 2), the shape clipped to SHAPE_LIMITS.
        """
        edge = float(self.minima[TAIL])
        excess = edge - self.minima[:TAIL]
        mean, variance = float(excess.mean()) + 1e-9, float(excess.var()) + 1e-12
        shape = min(max(0.5 * (1 - mean**2 / variance), SHAPE_LIMITS[0]), SHAPE_LIMITS[1])
        shape = shape if abs(shape) > MIN_SHAPE else -MIN_SHAPE
        return edge, shape, mean * (1 - shape)


@dataclass(frozen=True)
class FalseAlarms:
    """The rates of false alarms of a keyword on several kinds of speech; what is promised is promised on each.

    Attributes:
        kinds: the rate on each kind, by its name; at least one.
        confirmed: the share of them that a second look confirms; 1 without one.
        elsewhere: the rate on kinds that the recordings do not resemble, where ELSEWHERE times as many are allowed.
    """

    kinds: Mapping[str, FalseAlarmModel]
    confirmed: float = 1.0
    elsewhere: Mapping[str, FalseAlarmModel] = field(default_factory=dict)

    def alarms_per_hour(self, threshold: float) -> float:
        """Expected false alarms per hour at a threshold, on the kind that has most; of those elsewhere a share."""
        rates = [model.alarms_per_hour(threshold) for model in self.kinds.values()]
        rates += [model.alarms_per_hour(threshold) / ELSEWHERE for model in self.elsewhere.values()]
        return CAUTION * self.confirmed * max(rates)

    def threshold(self, alarms_per_hour: float) -> float:
        """The largest threshold with at most this rate of false alarms on each kind, elsewhere ELSEWHERE times."""
        rate = alarms_per_hour / CAUTION / self.confirmed
        limits = [model.threshold(rate) for model in self.kinds.values()]
        return min(limits + [model.threshold(ELSEWHERE * rate) for model in self.elsewhere.values()])

    def laxest(self, alarms_per_hour: float) -> float:
        """The threshold with this rate of false alarms on the kind that is least like the keyword."""
        return max(model.threshold(alarms_per_hour / CAUTION / self.confirmed) for model in self.kinds.values())

    @property
    def minima(self) -> NDArray[np.float64]:
        """[n] the minima of all kinds."""
        return np.concatenate([model.minima for model in self.kinds.values()])

    @property
    def deviation(self) -> float:
        """Standard deviation of the minima."""
        return float(self.minima.std())


def false_alarm_model(keyword: Keyword, bank: Bank, tokenizer: Tokenizer) -> FalseAlarms:
    """The rates of false alarms of a keyword on each kind of speech in a bank that its recordings may resemble.

    Arguments and what is raised as `model_beside` has them; the recordings are compared as the bank would keep them.
    """
    hits = leave_one_out(keyword, tokenizer, lambda template: bank.kept(template.heard))
    return model_beside(keyword, bank, tokenizer.codebook, hits)


def model_beside(keyword: Keyword, bank: Bank, codebook: Codebook, hits: Sequence[float]) -> FalseAlarms:
    """The same, where it is known how far recordings in the bank would be.

    Telephone speech counts in full for keywords that were recorded over the telephone only: it would cost the others
    misses. But a keyword that answers to callers all the time answers to noises, too. Callers say "yes", and prose
    holds every common word: what is likely the keyword itself is left out.

    Args:
        keyword: its threshold does not matter.
        bank: background speech.
        codebook: of the tokenizer.
        hits: distance of each recording, as the bank would keep it, from the keyword made of the others.

    Raises:
        ModelError: the bank is too short for a fit.
    """
    scorer = KeywordScorer(keyword.scorer, [keyword], bank.hop, codebook)
    models = {name: _model(scorer, part, hits) for name, part in bank.parts().items()}
    alike = {name: model for name, model in models.items() if keyword.narrow or name != TELEPHONE} or models
    others = {name: model for name, model in models.items() if name not in alike}
    return FalseAlarms(alike, share_confirmed(keyword), others)


def share_confirmed(keyword: Keyword) -> float:
    """The share of false alarms that the second look of a keyword is expected to confirm, 1 without one.

    It is what the keyword says, or what is usual: short words rhyme with more of what is said, so that their sound and
    the words refuse less of it.
    """
    if not keyword.looks:
        return 1.0
    if keyword.confirmed:
        return keyword.confirmed
    letters = len(phrase_of(keyword).words.replace(" ", ""))
    share = BY_LONG_WORDS if letters >= LONG else BY_WORDS if letters else CONFIRMED
    return share * STRICTER if keyword.reach < REACH["usual"] else share


def _model(scorer: KeywordScorer, bank: Bank, hits: Sequence[float]) -> FalseAlarmModel:
    scorer.reset()
    distance = np.concatenate([scorer.push(frames).distance[:, 0] for frames in bank.frames()])
    low = np.sort(distance[lowest_places(distance, round(SEPARATION / bank.hop))])
    low = low[said_by_strangers(low, hits) :]
    if len(low) <= TAIL:
        raise ModelError(f"the background bank shows only {len(low)} stretches of speech: build it with more hours")
    return FalseAlarmModel(low, bank.hours)


def said_count(minima: NDArray[np.float64], hits: Sequence[float]) -> int:
    """How many of the minima [n], ascending, are likely to be the keyword itself.

    If one is as near as half of the recordings are to the others, those as near as the farthest recording; but none if
    they are many, because then the keyword is like much of the speech.
    """
    if not hits or not len(minima) or minima[0] > np.median(hits):
        return 0
    count = int(np.searchsorted(minima, farthest(hits), side="right"))
    return count if count <= SAID_AT_MOST * len(minima) else 0


def said_by_strangers(minima: NDArray[np.float64], hits: Sequence[float]) -> int:
    """The same for speech of people who do not use the keyword, in which it is as rare as any word.

    Half of what is said is nearer than the median of the recordings' distances from the others. So twice as many as are
    that near are the keyword; the rest of those as near as the farthest recording rhyme with it.
    """
    near = int(np.searchsorted(minima, np.median(hits), side="right")) if hits else 0
    return min(2 * near, said_count(minima, hits))


def lowest_places(distance: NDArray[np.float64], apart: int) -> NDArray[np.intp]:
    """The indices of the finite minima of a track [n], cut into parts of `apart` frames, in the order of time.

    Of two minima of neighbouring parts that are less than `apart` frames apart, only the lower one is returned.
    """
    parts = np.pad(distance, (0, -len(distance) % apart), constant_values=np.inf).reshape(-1, apart)
    lowest, where = parts.min(axis=1), parts.argmin(axis=1) + apart * np.arange(len(parts))
    near = np.diff(where) < apart
    shared = np.zeros(len(lowest), bool)
    shared[1:] |= near & (lowest[1:] >= lowest[:-1])
    shared[:-1] |= near & (lowest[:-1] > lowest[1:])
    found: NDArray[np.intp] = where[~shared & np.isfinite(lowest)]
    return found
