"""DET curves of the scorers and of the speech embedding, in one picture: `python -m benchmarks.det`.

Misses against false alarms, as the threshold moves: two wake words in the studio, with noise, at home and on the
telephone, against unbroken speech; and phrases that sound almost alike. The dots are the thresholds that enrolment
learned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks import near_misses, options, speech_embedding
from benchmarks.corpora import CorpusError
from benchmarks.det_plot import NEAR, Curve, draw
from benchmarks.field import Field, Heard, homes, telephone
from benchmarks.measures import Scores, dips, frames_of, tracked
from benchmarks.near_outcomes import Outcome
from benchmarks.product import Product
from benchmarks.protocol import Protocol
from export.teacher import TeacherError
from kwsd.errors import KwsdError
from kwsd.spotting.matching import SCORERS
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

PEER = "speech embedding"
MOST = 100.0  # false alarms an hour up to which a curve goes
POINTS, POINTS_NEAR = 60, 200  # of a curve


def studio(product: Product, background: Frames) -> Iterator[Heard]:
    """The wake words of the protocol, without and with noise; the background is read prose, too."""
    protocol = product.protocol
    clips = protocol.clips()
    for word in protocol.keywords:
        own = [clip for clip in clips if clip.keyword == word]
        clean, noisy = product.frames(c.samples for c in own), product.frames(protocol.noisy(c) for c in own)
        tests = {"studio": (clean, None), "studio, noise at 10 dB": (noisy, None)}
        yield Heard(word, protocol.draws(word), tests, background)


def missed(hits: Scores, track: Scores, hours: float, alarms: NDArray[np.float64]) -> NDArray[np.float64]:
    """[n] the share of hits that one keyword misses at the highest thresholds with so many false alarms an hour.

    Args:
        hits: [clips] the lowest distance in each test recording.
        track: [frames] distances on the background.
        hours: of the background.
        alarms: [n] false alarms an hour.
    """
    allowed = (alarms * hours + 1e-9).astype(int)
    lowest = dips(track, hours * 3600 / len(track), int(allowed.max()) + 1)
    shares: NDArray[np.float64] = np.mean(hits[:, None] >= lowest[allowed], axis=0)
    return shares


def spotted(product: Product, words: Sequence[Heard], system: str) -> Iterator[Curve]:
    """A curve for each condition."""
    found: dict[str, list[tuple[NDArray[np.float64], float, float]]] = {}
    hop = product.tokenizer.hop
    hours = [len(heard.background) * hop / 3600 for heard in words]
    alarms = np.geomspace(1 / min(hours), MOST, POINTS)
    for heard, long in zip(words, hours, strict=True):
        keywords = [product.keyword(heard.word, draw) for draw in heard.draws]
        scorer = product.scores(keywords)
        track = tracked(scorer, heard.background).distance
        for condition in heard.tests:
            hits = heard.hits(condition, scorer)
            for k, keyword in enumerate(keywords):
                own_alarms = np.sum(dips(track[:, k], hop) <= keyword.threshold) / long
                own_missed = np.mean(hits[:, k] > keyword.threshold)
                curve = missed(hits[:, k], track[:, k], long, alarms)
                found.setdefault(condition, []).append((curve, float(own_alarms), float(own_missed)))
    for condition, rows in found.items():
        curves, own_alarms_of, own_missed_of = zip(*rows, strict=True)
        own = float(np.mean(own_alarms_of)), float(np.mean(own_missed_of))
        yield Curve(condition, system, alarms, np.mean(curves, axis=0), own)


def confused(condition: str, system: str, outcomes: Sequence[Outcome]) -> Curve:
    """The curve of near phrases, with one threshold for all phrases."""
    hits, near = (np.sort(np.concatenate([getattr(one, name) for one in outcomes])) for name in ("hits", "near"))
    thresholds = np.quantile(np.concatenate([hits, near]), np.linspace(0, 1, POINTS_NEAR))
    misses = 1 - np.searchsorted(hits, thresholds, side="right") / len(hits)
    return Curve(condition, system, np.searchsorted(near, thresholds, side="right") / len(near), misses)


def in_speech(product: Product, labels: Mapping[str, str]) -> Iterator[Curve]:
    """The curves of one encoder against unbroken speech; `labels` are those of its scorers."""
    field = Field(product.protocol.shared)
    background = frames_of(product.tokenizer, product.protocol.background())
    places = [
        list(studio(product, background)),
        list(homes(product, field, background)),
        list(telephone(product, field)),
    ]
    for scorer, label in labels.items():
        for words in places:
            yield from spotted(replace(product, scorer=scorer), words, label)


def against_near(product: Product, labels: Mapping[str, str]) -> Iterator[Curve]:
    """The curves of one encoder against phrases that sound almost alike."""
    for source, condition in NEAR.items():
        trials = near_misses.SOURCES[source].trials(product.protocol.shared)
        for scorer, outcomes in near_misses.judge(trials, product, list(labels)).items():
            yield confused(condition, labels[scorer], outcomes)


@click.command(help=__doc__)
@options.shared
@click.option("--scorer", "scorers", multiple=True, type=click.Choice(SCORERS), help="Only these.")
@click.option("--no-peer", is_flag=True, help="Without the speech embedding.")
@click.option("--picture", type=options.FILE, default=None, help="Draw the curves: an SVG or PNG file.")
@options.out
def main(shared: Path, scorers: tuple[str, ...], no_peer: bool, picture: Path | None, out: Path | None) -> None:
    """Measure every scorer and the peer, and draw their curves."""
    try:
        ours = Product(Tokenizer(), Bank.shipped(), "", Protocol(shared)), {name: name for name in scorers or SCORERS}
        systems = [ours]
        if not no_peer:
            peer = Product(*speech_embedding.loaded(shared), "", Protocol(shared))  # with the same noise
            systems.append((peer, {"subsequence": PEER}))
        curves = list[Curve]()
        for measure in (in_speech, against_near):
            for product, labels in systems:
                for curve in measure(product, labels):
                    curves.append(curve)
                    options.write(curves, out)  # so that a run that is cut short leaves what it has measured
                    if picture:
                        draw(curves, picture)
    except (KwsdError, CorpusError, TeacherError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
