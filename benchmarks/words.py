"""Telling clips of words apart after a few recordings: `python -m benchmarks.words`, or one part with `--only`.

`commands`: the ten words of Speech Commands `dev` as a classifier that may also reject. `own-voice`: DSPSpeech, where
everybody enrols and says twenty words. `arabic`: Arabic Speech Commands, enrolled and tested by different speakers.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.corpora import Clip
from benchmarks.measures import Average, Scores, averaged, equal_error, lowest, misses_at
from benchmarks.product import UNKNOWN, Product, command_of_parts, drawn
from benchmarks.tables import table
from export.labels import HELD_OUT_SPEAKERS

ACCEPTS = 0.01  # share of other words that may be accepted
DRAWS, RECORDINGS = 3, 5  # of words of Speech Commands and, recordings only, of Arabic words
OWN = 3  # recordings of one's own voice
TAKES = 4  # of a word by an Arabic speaker that are tested
OTHERS = 6  # speakers of DSPSpeech besides those held out of the training on pairs
TONES = ("beijing", "beijing(background)")  # the same sounds in other tones


@dataclass(frozen=True)
class Draw:
    """One draw's ten keywords against all clips.

    Attributes:
        margin: [clips, words] distances less the keywords' own thresholds.
        tested: [clips] whether the clip counts: nobody is tested on a word that they enrolled.
    """

    margin: Scores
    tested: NDArray[np.bool_]

    @property
    def nearest(self) -> NDArray[np.intp]:
        """[clips] the keyword that each clip is nearest to."""
        found: NDArray[np.intp] = self.margin.argmin(axis=1)
        return found


def draws(product: Product, clips: Sequence[Clip], words: Sequence[str]) -> list[Draw]:
    """Enrol every draw of every word, and compare all clips with it."""
    chosen = [
        [drawn([c for c in clips if c.text == w], RECORDINGS, random.Random(d)) for w in words] for d in range(DRAWS)
    ]
    keywords = [product.keyword(w, r) for draw in chosen for w, (_, r) in zip(words, draw, strict=True)]
    distance = lowest(product.scores(keywords), product.hear(clips, "commands"))
    margin = distance - np.array([keyword.threshold for keyword in keywords])
    found = []
    for d, draw in enumerate(chosen):
        enrolled = {(clip.text, clip.speaker) for own, _ in draw for clip in own}
        tested = np.array([(clip.text, clip.speaker) not in enrolled for clip in clips])
        found.append(Draw(margin[:, d * len(words) : (d + 1) * len(words)], tested))
    return found


def right(draw: Draw, truth: NDArray[np.intp], shift: float) -> NDArray[np.bool_]:
    """[clips] whether each is given to its word, or rejected if it has none (-1), all thresholds raised by a shift."""
    given = np.where(draw.margin.min(axis=1) <= shift, draw.nearest, -1)
    verdict: NDArray[np.bool_] = given == truth
    return verdict


def best_shift(found: Sequence[Draw], truth: NDArray[np.intp]) -> float:
    """The one shift of all thresholds at which most clips of all draws are right, chosen with the answers in view."""
    steps = np.quantile(np.concatenate([draw.margin.min(axis=1) for draw in found]), np.linspace(0, 1, 201))
    correct = [sum(int(right(d, truth, s)[d.tested].sum()) for d in found) for s in steps]
    return float(steps[int(np.argmax(correct))])


def few_shot(product: Product) -> dict[str, Any]:
    """Speech Commands: accuracy with and without rejection, and what is accepted of other words.

    Speakers are resampled, words where only the ten words count.
    """
    clips = product.clips("speech-commands", "dev")
    words = sorted({clip.text for clip in clips} - {UNKNOWN})
    truth = np.array([words.index(c.text) if c.text in words else -1 for c in clips])
    speakers = np.array([clip.speaker for clip in clips])
    found = draws(product, clips, words)

    def by(groups: NDArray[Any], which: NDArray[np.bool_], shift: float) -> Average:
        names = np.unique(groups[which])
        verdicts = [(right(d, truth, shift), d.tested & which) for d in found]
        return averaged(np.concatenate([100 * ok[use & (groups == n)] for ok, use in verdicts]) for n in names)

    def line(label: str, shift: float) -> list[object]:
        unknown = by(speakers, truth < 0, shift)
        accepted = Average(100 - unknown.mean, 100 - unknown.high, 100 - unknown.low)
        return [label, by(speakers, truth >= -1, shift), by(truth, truth >= 0, shift), accepted]

    header = ("rule", "all right %", "of the ten words, right %", f"{UNKNOWN} accepted %")
    lines = [line("nearest, no rejection", np.inf), line("own thresholds", 0.0)]
    lines.append(line("best common shift (oracle)", best_shift(found, truth)))
    click.echo(
        f"\nSpeech Commands, {RECORDINGS} recordings by as many speakers, {DRAWS} draws.\n\n{table(header, lines)}"
    )
    return {str(label): dict(zip(header[1:], cells, strict=True)) for label, *cells in lines}


@dataclass(frozen=True)
class Row:
    """What one keyword of one speaker, or of one draw of speakers, did; rates in percent."""

    word: str
    language: str
    who: str
    held_out: bool
    misses: float
    equal_error: float


def row(clip: Clip, who: str, apart: bool, hits: Scores, others: Scores) -> Row:
    """The errors of a keyword, named after any clip of its word."""
    rates = 100 * misses_at(ACCEPTS, hits, others), 100 * equal_error(hits, others)
    return Row(clip.text, clip.language, who, apart, *rates)


def some_speakers(clips: Sequence[Clip]) -> list[str]:
    """All that were held out, and a seeded few of the others."""
    everybody = {clip.speaker for clip in clips}
    rest = sorted(everybody - HELD_OUT_SPEAKERS)
    return sorted(everybody & HELD_OUT_SPEAKERS) + sorted(random.Random(7).sample(rest, OTHERS))


def own_rows(product: Product, clips: Sequence[Clip]) -> tuple[list[Row], list[Row]]:
    """One speaker's words against all that they said, and the pair that differs in tone against each other."""
    words = sorted({clip.text for clip in clips})
    who, labels = clips[0].speaker, np.array([clip.text for clip in clips])
    apart, rng = who in HELD_OUT_SPEAKERS, random.Random(who)
    chosen = [drawn([c for c in clips if c.text == word], OWN, rng, by_speakers=False) for word in words]
    keywords = [product.keyword(word, recordings) for word, (_, recordings) in zip(words, chosen, strict=True)]
    distance = lowest(product.scores(keywords), product.hear(clips, who))
    everything, tones = [], []
    for k, (word, (enrolled, _)) in enumerate(zip(words, chosen, strict=True)):
        hits = np.array([c.text == word and c not in enrolled for c in clips])
        everything.append(row(enrolled[0], who, apart, distance[hits, k], distance[labels != word, k]))
        if word in TONES:
            twin = labels == TONES[1 - TONES.index(word)]
            tones.append(row(enrolled[0], who, apart, distance[hits, k], distance[twin, k]))
    return everything, tones


def own_voice(product: Product) -> dict[str, Any]:
    """DSPSpeech: misses where one other word in a hundred is accepted, speakers resampled."""
    clips = product.clips("dspspeech", "train")
    found = [own_rows(product, [c for c in clips if c.speaker == s]) for s in some_speakers(clips)]
    everything, tones = [r for rows, _ in found for r in rows], [r for _, rows in found for r in rows]
    lines = [
        [language, group, *figures([r for r in everything if r.language == code and r.held_out == apart])]
        for code, language in (("zh", "Mandarin"), ("en", "English"))
        for apart, group in ((True, "held out of pair training"), (False, "others"))
    ]
    header = ("words", "speakers", f"misses % at {ACCEPTS:.0%} accepted", "EER %")
    click.echo(f"\nOwn voice, {OWN} recordings of each of twenty words, oracle thresholds.\n\n{table(header, lines)}")
    click.echo("\nA pair of words that differ in their tones only.\n")
    pairs = [[word, figures([r for r in tones if r.word == word])[1]] for word in TONES]
    click.echo(table(("enrolled", "EER % to the other"), pairs))
    return {"words": everything, "tones": tones}


def figures(found: Sequence[Row], by: str = "who") -> list[Average]:
    """Misses and equal error rate, speakers or words resampled."""
    names = dict.fromkeys(getattr(r, by) for r in found)
    return [
        averaged([getattr(r, field) for r in found if getattr(r, by) == name] for name in names)
        for field in ("misses", "equal_error")
    ]


def few_takes(clips: Sequence[Clip]) -> list[Clip]:
    """The first takes of each word by each speaker."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for clip in clips:
        seen[clip.speaker, clip.text] += 1
        found += [clip] if seen[clip.speaker, clip.text] <= TAKES else []
    return found


def arabic_rows(product: Product) -> Iterator[Row]:
    """Every word enrolled by five speakers, tested on those held out and on the others."""
    clips, rng = product.clips("arabic-commands", "train"), random.Random(7)
    words = sorted({clip.text for clip in clips})
    enrolling = set(rng.sample(sorted({clip.speaker for clip in clips} - HELD_OUT_SPEAKERS), RECORDINGS))
    tests = few_takes([clip for clip in clips if clip.speaker not in enrolling])
    mine = [clip for clip in clips if clip.speaker in enrolling]
    recordings = [drawn([c for c in mine if c.text == word], RECORDINGS, rng)[1] for word in words]
    keywords = [product.keyword(word, own) for word, own in zip(words, recordings, strict=True)]
    distance = lowest(product.scores(keywords), product.hear(tests, "arabic words"))
    labels, held = np.array([c.text for c in tests]), np.array([c.speaker in HELD_OUT_SPEAKERS for c in tests])
    for apart in (True, False):
        for k, word in enumerate(words):
            hits, others = (distance[which & (held == apart), k] for which in (labels == word, labels != word))
            yield row(tests[int(np.argmax(labels == word))], "", apart, hits, others)


def arabic(product: Product) -> dict[str, Any]:
    """Arabic words, words resampled."""
    found = list(arabic_rows(product))
    lines = [
        [group, *figures([r for r in found if r.held_out == apart], by="word")]
        for apart, group in ((True, "held out of pair training"), (False, "others"))
    ]
    header = ("tested speakers", f"misses % at {ACCEPTS:.0%} accepted", "EER %")
    click.echo(f"\nForty Arabic words by {RECORDINGS} speakers, tested on others.\n\n{table(header, lines)}")
    return {"words": found}


PARTS = {"commands": few_shot, "own-voice": own_voice, "arabic": arabic}


main = command_of_parts(__doc__, PARTS)


if __name__ == "__main__":
    main()
