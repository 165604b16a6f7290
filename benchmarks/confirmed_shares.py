"""How many false alarms a second look confirms: `python -m benchmarks.confirmed_shares`.

Words for decisions (`benchmarks.development`), at thresholds that promise half an alarm an hour where the second look
confirms all alarms, a half of them, and so on; the background is LibriSpeech `dev`. Each recording is judged once,
where its distance is lowest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.background_streams import Stream, stream
from benchmarks.corpora import Samples
from benchmarks.development import Word, command_words, conditions, heard_tests, held_out_words
from benchmarks.measures import Scores, frames_of, tracked
from benchmarks.product import Product, command
from benchmarks.tables import table
from kwsd.enrolment.enroll import enroll
from kwsd.enrolment.false_alarms import LONG, SEPARATION, false_alarm_model, lowest_places
from kwsd.enrolment.template import Recording
from kwsd.keywords.keyword import Keyword
from kwsd.second_look.distance import REACH
from kwsd.second_look.span import HOP
from kwsd.spotting.score_track import ScoreTrack
from kwsd.spotting.second_look import phrase_of

PROMISED = 0.5  # alarms an hour
LASTS = 0.7  # s in the mean of the recordings: a phrase that lasts so long is long, as one of LONG letters is
SHARES = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)
WAYS = {"none": np.inf, **REACH}


@dataclass(frozen=True)
class Tried:
    """[n] the lowest distances, and how far each is by the second look; infinite where that was not asked."""

    distance: Scores
    far: Scores

    def detected(self, threshold: float, reach: float) -> NDArray[np.bool_]:
        """[n] which are detected and confirmed."""
        both: NDArray[np.bool_] = (self.distance <= threshold) & (self.far <= reach)
        return both


@dataclass(frozen=True)
class Outcome:
    """What one keyword did.

    Attributes:
        group: of the word.
        thresholds: for each of SHARES.
        hits: in each condition.
        alarms: in the background.
        hours: of the background.
    """

    group: str
    thresholds: Sequence[float]
    hits: Mapping[str, Tried]
    alarms: Tried
    hours: float

    def missed(self, way: str, share: int) -> list[float]:
        """Misses in percent in each condition."""
        limits = self.thresholds[share], WAYS[way]
        return [100 * float(np.mean(~tried.detected(*limits))) for tried in self.hits.values()]

    def alarms_per_hour(self, way: str, share: int) -> float:
        """False alarms."""
        return float(self.alarms.detected(self.thresholds[share], WAYS[way]).sum()) / self.hours


class Judge:
    """Tries one keyword.

    Args:
        product: that enrolled it.
        keyword: with a second look.
        most: the highest threshold that is asked about.
    """

    def __init__(self, product: Product, keyword: Keyword, most: float) -> None:
        self._product, self._most = product, most
        self._scorer, self._phrase = product.scores([keyword]), phrase_of(keyword)

    def hits(self, recordings: Sequence[Samples]) -> Tried:
        """Each recording where its distance is lowest."""
        rows = []
        for samples in recordings:
            track = tracked(self._scorer, frames_of(self._product.tokenizer, [samples]))
            i = int(track.distance[:, 0].argmin())
            rows.append((track.distance[i, 0], self._far(track, i, samples)))
        return Tried(*np.array(rows).T)

    def alarms(self, prose: Stream, samples: Samples, word: str) -> Tried:
        """The background wherever its distance is low, but for where the word is said."""
        track = prose.without(word, tracked(self._scorer, prose.frames))
        places = lowest_places(track.distance[:, 0], round(SEPARATION / prose.hop))
        return Tried(track.distance[places, 0], np.array([self._far(track, i, samples) for i in places]))

    def _far(self, track: ScoreTrack, i: int, samples: Samples) -> float:
        """How far a match is from the recordings, see `Phrase`; infinite where nobody asks."""
        if track.distance[i, 0] > self._most:
            return np.inf
        end = float(track.end[i, 0]) + self._product.tokenizer.hop / 2
        return self._phrase.far(samples, float(track.start[i, 0]), end)


def outcome(
    product: Product,
    word: Word,
    draw: Sequence[Recording],
    tests: Mapping[str, list[Samples]],
    prose: Stream,
    samples: Samples,
) -> Outcome:
    """What the keyword of one draw does.

    Args:
        product: that enrols.
        word: to enrol.
        draw: recordings of it.
        tests: others in each condition.
        prose, samples: the background.
    """
    made = enroll(
        word.name, draw, product.tokenizer, scorer=product.scorer, bank=product.bank, reach=REACH["usual"]
    ).keyword
    model = false_alarm_model(made, product.bank, product.tokenizer)
    thresholds = [replace(model, confirmed=share).threshold(PROMISED) for share in SHARES]
    judge = Judge(product, made, thresholds[-1])
    found = {way: judge.hits(recordings) for way, recordings in tests.items()}
    alarms = judge.alarms(prose, samples, word.name)
    return Outcome(group(word.kind, made), thresholds, found, alarms, prose.hours(word.name))


def group(kind: str, keyword: Keyword) -> str:
    """Of keywords whose phrases are as long, and are compared by words, too, or not."""
    words = phrase_of(keyword).words.replace(" ", "")
    lasts = HOP * float(np.mean([len(look[0]) for look in keyword.looks]))
    long = len(words) >= LONG or lasts >= LASTS
    return f"{kind}, {'long' if long else 'short'}, {'by words, too' if words else 'by sound alone'}"


@command(__doc__)
def main(product: Product) -> dict[str, Any]:
    """Measure all words."""
    pieces = [(clip.text, samples) for clip, samples in corpora.decodable(product.clips("librispeech", "dev"))]
    prose, samples = stream("prose", product.tokenizer, pieces), np.concatenate([one for _, one in pieces])
    ways, found = conditions(product), defaultdict[str, list[Outcome]](list)
    for word in tqdm([*command_words(product), *held_out_words(product)], desc="words"):
        tests = heard_tests(product, word, ways)
        for draw in word.draws:
            one = outcome(product, word, draw, tests, prose, samples)
            found[one.group].append(one)
    lines: list[list[object]] = []
    for label, ones in found.items():
        for way in WAYS:
            line: list[object] = [f"{label} ({len(ones)})", way]
            for share in range(len(SHARES)):
                missed = np.mean([one.missed(way, share) for one in ones], axis=0)
                alarms = np.mean([one.alarms_per_hour(way, share) for one in ones])
                line.append(f"{', '.join(f'{rate:.1f}' for rate in missed)}; {alarms:.1f}")
            lines.append(line)
    click.echo(f"misses in percent {', '.join(ways)}; alarms an hour\n")
    click.echo(table(("words", "second look", *(f"{share:.3g}" for share in SHARES)), lines))
    return dict(found)


if __name__ == "__main__":
    main()
